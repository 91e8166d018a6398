#include "bwlab/experiment/record_codec.h"

#include <fmt/format.h>

#include <cctype>

namespace bwlab::experiment {

std::string ShownKey(uint64_t key) { return std::to_string(key); }

std::string ShownKey(std::string_view key) {
  std::string shown = "\"";
  for (const char byte : key) {
    const auto code = static_cast<unsigned char>(byte);
    shown += std::isprint(code) != 0 ? std::string(1, byte) : fmt::format("\\x{:02x}", code);
  }
  return shown + '"';
}

}  // namespace bwlab::experiment
