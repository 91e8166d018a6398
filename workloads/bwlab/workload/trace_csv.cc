#include "bwlab/workload/trace_csv.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>

#include "bwlab/workload/random.h"
#include "bwlab/workload/suggest.h"

namespace bwlab::workload {
namespace {

/// What a line asks for, before it is known whether its key is there.
enum class Wish : uint8_t { kRead, kSet, kAdd, kChange, kDelete };

constexpr std::array<std::pair<std::string_view, Wish>, 12> kTwitterOperations = {{
    {"get", Wish::kRead},
    {"gets", Wish::kRead},
    {"set", Wish::kSet},
    {"add", Wish::kAdd},
    {"replace", Wish::kChange},
    {"cas", Wish::kChange},
    {"append", Wish::kChange},
    {"prepend", Wish::kChange},
    {"incr", Wish::kChange},
    {"decr", Wish::kChange},
    {"delete", Wish::kDelete},
    {"touch", Wish::kRead},
}};

/// Some programs for tables begin a file with it.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

uint64_t HashOf(std::string_view text) {
  uint64_t hash = Mix64(text.size());
  for (const char byte : text) hash = Mix64(hash ^ static_cast<unsigned char>(byte));
  return hash;
}

std::vector<std::string_view> SplitAtCommas(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t begin = 0;;) {
    const size_t comma = line.find(',', begin);
    fields.push_back(line.substr(begin, comma - begin));
    if (comma == std::string_view::npos) return fields;
    begin = comma + 1;
  }
}

template <class Number>
std::optional<Number> WholeNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class Reader {
 public:
  Reader(std::string_view name, const CsvOptions& options) : name_(name), options_(options) {
    trace_.streams.resize(options.threads);
  }

  CsvTrace Read(std::istream& csv) {
    std::string line;
    while (ops_ < options_.ops_max && trace_.ok() && std::getline(csv, line)) {
      ++line_number_;
      if (line_number_ == 1 && line.starts_with(kByteOrderMark)) {
        line.erase(0, kByteOrderMark.size());
      }
      while (line.ends_with('\r')) line.pop_back();
      if (line.empty()) continue;
      options_.layout == CsvLayout::kTwitter ? ReadTwitter(line) : ReadOp(line);
    }
    if (trace_.ok() && ops_ == 0) trace_.error = std::string(name_) + ": holds no operation";
    return std::move(trace_);
  }

 private:
  void Fail(const std::string& what) {
    trace_.error = std::string(name_) + ": line " + std::to_string(line_number_) + ": " + what;
  }

  void ReadTwitter(std::string_view line) {
    constexpr size_t kFields = 7;
    const std::vector<std::string_view> fields = SplitAtCommas(line);
    if (fields.size() < kFields) {
      return Fail("has " + std::to_string(fields.size()) + " fields, not 7: " + Quoted(line));
    }
    // Keys may hold commas; all that stands behind them does not.
    const std::string_view operation = fields[fields.size() - 2];
    const size_t key_begin = fields[0].size() + 1;
    const std::string_view after_key = fields[fields.size() - 5];
    const auto key_end = static_cast<size_t>(after_key.data() - line.data()) - 1;
    const auto wish = std::find_if(kTwitterOperations.begin(), kTwitterOperations.end(),
                                   [&](const auto& entry) { return entry.first == operation; });
    if (wish == kTwitterOperations.end()) {
      std::vector<std::string_view> names;
      for (const auto& [known, unused] : kTwitterOperations) names.push_back(known);
      return Fail("unknown operation " + Quoted(operation) + "; " +
                  DescribeChoices(operation, names));
    }
    Take(HashOf(line.substr(key_begin, key_end - key_begin)), wish->second);
  }

  void ReadOp(std::string_view line) {
    const std::vector<std::string_view> fields = SplitAtCommas(line);
    const auto kind = OpKindFromName(fields[0]);
    if (!kind) {
      return Fail("unknown operation " + Quoted(fields[0]) + "; " +
                  DescribeChoices(fields[0], kOpKindNames));
    }
    const size_t wanted = IsScan(*kind) ? 3 : 2;
    if (fields.size() != wanted) {
      return Fail("has " + std::to_string(fields.size()) + " fields, not " +
                  std::to_string(wanted) + ": " + Quoted(line));
    }
    const std::optional<uint64_t> number = WholeNumber<uint64_t>(fields[1]);
    const uint64_t key = number ? *number : HashOf(fields[1]);
    uint16_t length = 0;
    if (IsScan(*kind)) {
      const std::optional<uint16_t> read = WholeNumber<uint16_t>(fields[2]);
      if (!read || *read == 0) {
        return Fail("a scan's length must be from 1 to 65535, but is " + Quoted(fields[2]));
      }
      length = *read;
    }
    Do(*kind, key, length);
  }

  void Take(uint64_t key, Wish wish) {
    const auto there = present_.find(key);
    const bool present = there != present_.end() && there->second;
    switch (wish) {
      case Wish::kRead:
        return Do(OpKind::kRead, key);
      case Wish::kSet:
        return Do(present ? OpKind::kUpdate : OpKind::kInsert, key);
      case Wish::kAdd:
        return Do(OpKind::kInsert, key);
      case Wish::kChange:
        return Do(OpKind::kUpdate, key);
      case Wish::kDelete:
        return Do(OpKind::kDelete, key);
    }
  }

  /// Adds an operation, and notes what it does to its key.
  void Do(OpKind kind, uint64_t key, uint16_t length = 0) {
    if (!IsScan(kind)) {
      const bool adds = kind == OpKind::kInsert || kind == OpKind::kUpsert;
      const auto [there, is_new] = present_.try_emplace(key, true);
      if (is_new && !adds) trace_.records.push_back(key);
      const bool was_present = is_new ? !adds : there->second;
      const bool misses = kind == OpKind::kInsert ? was_present : !adds && !was_present;
      trace_.expected_misses += misses ? 1 : 0;
      there->second = adds || (was_present && kind != OpKind::kDelete);
    }
    trace_.streams[Mix64(key) % options_.threads].push_back(
        {.key = key, .version = static_cast<uint32_t>(++ops_), .length = length, .kind = kind});
  }

  std::string_view name_;
  const CsvOptions& options_;
  CsvTrace trace_;
  std::unordered_map<uint64_t, bool> present_;
  uint64_t line_number_ = 0;
  uint64_t ops_ = 0;
};

}  // namespace

TraceView CsvTrace::view() const {
  return {.key_space = KeySpaceKind::kRandInt,
          .expected_misses = expected_misses,
          .records = records,
          .streams = SpansOf(streams)};
}

CsvTrace ReadCsvTrace(std::istream& csv, std::string_view name, const CsvOptions& options) {
  return Reader(name, options).Read(csv);
}

}  // namespace bwlab::workload
