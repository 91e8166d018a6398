#pragma once

#include <cassert>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bwlab {

/// Outcome of one operation on an index. The first three are ordinary answers; the others leave the
/// index unchanged and valid: memory and page ids may be there the next time, a key or value beyond
/// the limit (record/record_types.h) never fits. Only indexes that keep files fail by these.
enum class OpResult : uint8_t {
  kOk,
  kNotFound,
  kExists,
  kOutOfMemory,
  kOutOfPageIds,
  kTooLarge,
  kIoError,
};

constexpr std::string_view ToString(OpResult result) {
  switch (result) {
    case OpResult::kOk:
      return "ok";
    case OpResult::kNotFound:
      return "not found";
    case OpResult::kExists:
      return "exists";
    case OpResult::kOutOfMemory:
      return "out of memory";
    case OpResult::kOutOfPageIds:
      return "out of page ids";
    case OpResult::kTooLarge:
      return "key or value too large";
    case OpResult::kIoError:
      return "input or output failed";
  }
  return "unknown";
}

/// Why something that is not an index operation failed: opening, validating, reading a file.
enum class StatusCode : uint8_t {
  kOk,
  kInvalidArgument,
  kOutOfMemory,
  kCorruption,
  kUnsupported,
  kIoError,
};

/// A failure with a sentence that names what is wrong and what is allowed; empty when nothing
/// failed.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }
  static Status InvalidArgument(std::string message) {
    return {StatusCode::kInvalidArgument, std::move(message)};
  }
  /// Without the sentence where there is no memory even for that.
  static Status OutOfMemory(std::string_view message) noexcept {
    Status status;
    status.code_ = StatusCode::kOutOfMemory;
    try {
      status.message_ = message;
    } catch (const std::bad_alloc&) {
    }
    return status;
  }
  static Status Corruption(std::string message) {
    return {StatusCode::kCorruption, std::move(message)};
  }
  static Status Unsupported(std::string message) {
    return {StatusCode::kUnsupported, std::move(message)};
  }
  static Status IoError(std::string message) { return {StatusCode::kIoError, std::move(message)}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

/// A value, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    assert(ok());
    return *value_;
  }
  const T& value() const& {
    assert(ok());
    return *value_;
  }
  T&& value() && {
    assert(ok());
    return std::move(*value_);
  }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace bwlab
