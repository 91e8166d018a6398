#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/tick_clock.h"
#include "bwlab/workload/key_bytes.h"
#include "bwlab/workload/value.h"
#include "bwlab/workload/value_bytes.h"

namespace bwlab::experiment {

/// Makes the keys that an engine is given from the operations of a stream, in their order. A key's
/// number is what its values are made from: that of the operation, but where keys are made at run
/// time.
template <bool kBytes>
class KeyCodec;

template <>
class KeyCodec<false> {
 public:
  using View = uint64_t;
  using Owned = uint64_t;
  static constexpr View kLeast = 0;

  explicit KeyCodec(const ThreadTask& task)
      : at_run_time_(workload::KeysMadeAtRunTime(task.key_space)), thread_(task.thread) {}

  View Next(const workload::Op& op) const { return at_run_time_ ? TimeStamped() : op.key; }
  uint64_t NumberOf(const workload::Op&, View key) const { return key; }
  uint64_t NumberOf(View key) const { return key; }

 private:
  static constexpr int kThreadBits = 6;

  /// Of all threads' keys the greatest so far, or nearly so. Source: Mono-HC of Wang et al., SIGMOD
  /// 2018.
  View TimeStamped() const { return EndTicks() << kThreadBits | thread_ % (1u << kThreadBits); }

  bool at_run_time_;
  uint32_t thread_;
};

template <>
class KeyCodec<true> {
 public:
  using View = std::string_view;
  using Owned = std::string;
  static constexpr View kLeast{};

  explicit KeyCodec(const ThreadTask& task)
      : key_space_(task.key_space), reader_(task.key_bytes->Read()) {}

  View Next(const workload::Op&) { return reader_.Next(); }
  uint64_t NumberOf(const workload::Op& op, View) const { return op.key; }
  uint64_t NumberOf(View key) const { return workload::KeyOfBytes(key_space_, key); }

 private:
  workload::KeySpaceKind key_space_;
  workload::KeyBytes::Reader reader_;
};

/// Makes and recognises values.
template <bool kBytes>
class ValueCodec;

template <>
class ValueCodec<false> {
 public:
  using View = uint64_t;
  using Owned = uint64_t;

  explicit ValueCodec(const ThreadTask&) {}

  static View Of(uint64_t number, uint32_t version) { return workload::ValueOf(number, version); }
  static bool IsOf(uint64_t number, View value) { return workload::IsValueOf(number, value); }
};

template <>
class ValueCodec<true> {
 public:
  using View = std::string_view;
  using Owned = std::string;

  explicit ValueCodec(const ThreadTask& task)
      : values_(*task.values), buffer_(task.values->bytes_max()) {}

  /// Valid until the next call.
  View Of(uint64_t number, uint32_t version) {
    return values_.Write(number, version, buffer_.data());
  }
  bool IsOf(uint64_t number, View value) const { return values_.IsValueOf(number, value); }

 private:
  const workload::ValueBytes& values_;
  std::vector<char> buffer_;
};

/// For messages: an integer, or text in quotes with what cannot be printed in hexadecimal.
std::string ShownKey(uint64_t key);
std::string ShownKey(std::string_view key);

}  // namespace bwlab::experiment
