/* What a shared library exports so that run_experiment can measure the index in it:
 *   run_experiment run SPEC --engine-plugin libmine.so
 * Copy this header or include it; it needs nothing else, and is C99 and C++. A worked example and
 * the rules in words: experiments/plugins/README.md.
 *
 * Threads: create and destroy run alone; size and live_bytes run while no session does anything.
 * open_session may run on any thread at any time, also beside the operations of others. A session
 * is used and closed by the thread that opened it. Threads come and go: each phase of a measurement
 * has new ones.
 * Memory: what a function is given is valid until it returns; copy what you keep.
 * No C++ exception may leave a function. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a library made with an older header no longer works. */
#define BWLAB_ENGINE_PLUGIN_ABI_VERSION 1

/* What operations return. The first three are ordinary answers; after the others the index must be
 * as it was before the call. Any other number is a fault of the plug-in and ends its run. */
enum {
  kBwlabOk = 0,
  kBwlabNotFound = 1,    /* get, update, remove: there is no such key */
  kBwlabExists = 2,      /* insert: there is one already */
  kBwlabOutOfMemory = 3, /* or out of another resource */
  kBwlabTooLarge = 4,    /* the key or the value does not fit */
  kBwlabError = 5        /* anything else; error_text says what */
};

/* A key or a value: a 64-bit integer or a byte string, as create was told, the same for all records
 * of an index. Passed in two registers. Integers are ordered as unsigned numbers, byte strings by
 * memcmp, a prefix first. */
typedef struct BwlabItem {
  union {
    uint64_t word;     /* the integer; every bit is the user's */
    const char* bytes; /* the first byte of a string, which may hold zeros and ends with none */
  } as;
  size_t size; /* in bytes; 8 of an integer */
} BwlabItem;

/* Where get puts the value that it found; not to be touched where it found none. */
typedef struct BwlabRoom {
  uint64_t word; /* integers: set it */
  char* bytes;   /* byte strings: copy the value here */
  size_t size;   /* byte strings: room for so many bytes; set it to those of the value */
} BwlabRoom;

/* Takes one record of a scan. Returns 0 where the scan must stop. */
typedef int (*BwlabVisit)(void* context, BwlabItem key, BwlabItem value);

/* A number that experiments can set: engine_options.NAME.OPTION. */
typedef struct BwlabOption {
  const char* name; /* small letters, digits and _ */
  const char* summary;
  uint64_t standard; /* where an experiment sets none */
  uint64_t min;
  uint64_t max;
} BwlabOption;

/* What an index is created for. */
typedef struct BwlabCreate {
  size_t struct_size;      /* sizeof(BwlabCreate) of run_experiment: later versions append */
  int byte_keys;           /* 1: keys are byte strings; 0: integers */
  int byte_values;         /* the same of values */
  const uint64_t* options; /* in the order of the plug-in's own list, each in its range */
} BwlabCreate;

/* The plug-in. What may be NULL says so; what is NULL the index cannot do, and an experiment that
 * asks for it is refused. */
typedef struct BwlabEnginePlugin {
  uint32_t abi_version; /* BWLAB_ENGINE_PLUGIN_ABI_VERSION */
  uint32_t struct_size; /* sizeof(BwlabEnginePlugin) */

  const char* name;    /* of the engine: small letters, digits and _ */
  const char* version; /* of the index, as you would cite it */
  const char* summary; /* one line about it */

  uint32_t takes_byte_keys;   /* 1: create may be asked for keys that are byte strings */
  uint32_t value_bytes_max;   /* of values that are byte strings; 0: integers only */
  const BwlabOption* options; /* may be NULL where option_count is 0 */
  size_t option_count;

  /* Makes an empty index. */
  int (*create)(const BwlabCreate* how, void** index);
  void (*destroy)(void* index);
  /* One thread's access. Both may be NULL: then the index itself is passed as the session. */
  int (*open_session)(void* index, void** session);
  void (*close_session)(void* session);

  int (*insert)(void* session, BwlabItem key, BwlabItem value); /* only a key that is new */
  int (*update)(void* session, BwlabItem key, BwlabItem value); /* only a key that is there */
  /* Either way. May be NULL: then update and insert are tried in turn. */
  int (*upsert)(void* session, BwlabItem key, BwlabItem value);
  int (*get)(void* session, BwlabItem key, BwlabRoom* value);
  int (*remove)(void* session, BwlabItem key); /* may be NULL */
  /* Visits at most `limit` records (SIZE_MAX: all) in key order, from the first that is not less
   * than `first`. May be NULL. */
  int (*scan)(void* session, BwlabItem first, size_t limit, BwlabVisit visit, void* context);
  /* Downwards, from the first that is not greater. May be NULL. */
  int (*reverse_scan)(void* session, BwlabItem first, size_t limit, BwlabVisit visit,
                      void* context);

  uint64_t (*size)(void* index);       /* records; may be NULL: not known */
  uint64_t (*live_bytes)(void* index); /* asked of the allocator and not freed; may be NULL */
  /* What the last kBwlabError on this thread was; `index` is NULL after a create that failed.
   * Valid until the thread's next call. May be NULL. */
  const char* (*error_text)(void* index);
} BwlabEnginePlugin;

#if defined(__GNUC__)
#define BWLAB_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define BWLAB_PLUGIN_EXPORT
#endif

/* The one symbol that is looked up. What it returns stays valid and the same. */
BWLAB_PLUGIN_EXPORT const BwlabEnginePlugin* bwlab_engine_plugin(void);

#ifdef __cplusplus
}
#endif
