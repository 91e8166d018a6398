#include "bwlab/engines/libcds_skiplist.h"

#include <cds/init.h>
#include <cds/version.h>

#include <atomic>
#include <string>

#include "bwlab/engines/peer_engine.h"

namespace bwlab::experiment {
namespace libcds {
namespace {

class Library {
 public:
  explicit Library(size_t hazard_pointers) : hazard_pointers_(hazard_pointers, kThreadsMax) {}

 private:
  struct Initialized {
    Initialized() { cds::Initialize(); }
    ~Initialized() { cds::Terminate(); }
  };

  Initialized initialized_;
  cds::gc::HP hazard_pointers_;
};

/// A thread's own, so that it ends with the thread, whoever closes the thread's sessions.
class Attachment {
 public:
  Attachment() = default;
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  ~Attachment() {
    if (!attached_) return;
    cds::threading::Manager::detachThread();
    --count_;
  }

  bool Attach() {
    if (attached_) return true;
    if (++count_ > kThreadsMax) {
      --count_;
      return false;
    }
    cds::threading::Manager::attachThread();
    attached_ = true;
    return true;
  }
  bool attached() const { return attached_; }

 private:
  inline static std::atomic<size_t> count_{0};

  bool attached_ = false;
};

Attachment& OfThisThread() {
  thread_local Attachment attachment;
  return attachment;
}

}  // namespace

void SetUp(size_t hazard_pointers) { static const Library library(hazard_pointers); }

Status AttachThread() {
  if (OfThisThread().Attach()) return Status::Ok();
  return Status::Unsupported("libcds_skiplist: at most " + std::to_string(kThreadsMax) +
                             " threads can have its hazard pointers at a time");
}

void FreeRetired() {
  if (OfThisThread().attached()) cds::gc::HP::force_dispose();
}

}  // namespace libcds

constinit const EngineEntry kLibcdsSkiplistEntry = {
    .engine = "libcds_skiplist",
    .variant = "",
    .summary =
        "cds::container::SkipListMap, a lock-free skip list with hazard pointers; cannot "
        "scan",
    .variant_summary = "",
    .capabilities = LibcdsSkiplist<RecordForm{}>::kCapabilities,
    .no_counters_reason = "the map is built without libcds' statistics, which threads would share",
    .no_validation_reason = "cds::container::SkipListMap does not check itself",
    .resolve =
        [](const nlohmann::json& options) {
          return ResolveNoOptions(options, {{"map", "cds::container::SkipListMap"},
                                            {"version", CDS_VERSION_STRING},
                                            {"reclamation", "cds::gc::HP"},
                                            {"threads_max", libcds::kThreadsMax}});
        },
    .open = OpenPeer<LibcdsSkiplist>,
};

}  // namespace bwlab::experiment
