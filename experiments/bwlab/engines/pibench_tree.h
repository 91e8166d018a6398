#pragma once

#include <cstddef>
#include <string>

// The interface of libraries that were written for PiBench (sfu-dis/pibench, include/tree_api.hpp):
// what they are compiled against is repeated here in the same layout. The library and this program
// must share the C++ ABI of libstdc++. Names are PiBench's: the type names are part of the ABI.

/// What a tree is created for.
struct tree_options_t {
  size_t key_size = 8;    ///< bytes of every key
  size_t value_size = 8;  ///< bytes of every value
  std::string pool_path;  ///< of a file for persistent memory; empty: none
  size_t pool_size = 0;   ///< bytes of that file
  size_t num_threads = 1;
};

/// A tree, of which all threads call any function but the destructor.
class tree_api {
 public:
  virtual ~tree_api() = default;

  /// Copies the value to `value_out`. @return whether the key is there
  virtual bool find(const char* key, size_t key_size, char* value_out) = 0;
  /// @return whether the key was new
  virtual bool insert(const char* key, size_t key_size, const char* value, size_t value_size) = 0;
  /// @return whether the key was there; so does remove
  virtual bool update(const char* key, size_t key_size, const char* value, size_t value_size) = 0;
  virtual bool remove(const char* key, size_t key_size) = 0;
  /// Points `values_out` at records that lie one behind the other, each its key and its value, in
  /// the order of keys from the first that is not less. They stay the tree's, and unchanged until
  /// the thread's next scan. @return how many they are, at most `count`
  virtual int scan(const char* key, size_t key_size, int count, char*& values_out) = 0;
};

/// What a library exports under the name `create_tree`. Null where it cannot.
using CreateTreeFunction = tree_api* (*)(const tree_options_t& options);
