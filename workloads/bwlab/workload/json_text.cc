#include "bwlab/workload/json_text.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <vector>

#include "bwlab/workload/suggest.h"

namespace bwlab::workload {
namespace {

using Json = nlohmann::json;

// Walks the text before any document is built and stops at the first thing that is not allowed.
class Checker : public nlohmann::json_sax<Json> {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  const std::string& error() const { return error_; }

  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t& token) override {
    // An integer of more than 64 bits would silently become a double.
    if (token.find_first_of(".eE") != std::string::npos) return Value();
    return Fail(Pointer() + ": the integer " + Shown(token) + " does not fit in 64 bits");
  }
  bool string(string_t&) override { return Value(); }
  bool binary(binary_t&) override { return Value(); }

  bool start_object(std::size_t) override { return Open(false); }
  bool key(string_t& name) override {
    open_.back().key = name;
    return open_.back().keys.insert(name).second || Fail(Pointer() + ": this key is there twice");
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(true); }
  bool end_array() override { return Close(); }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& exception) override {
    constexpr int kNumberOverflow = 406;
    if (exception.id == kNumberOverflow) {
      return Fail(Pointer() + ": the number " + Shown(token) + " is larger than any double");
    }
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ...": the
    // last part says what is wrong; the first ones name the library and repeat the position.
    std::string what = exception.what();
    if (const size_t at = what.find("syntax error"); at != std::string::npos) what.erase(0, at);
    return Fail(LineAndColumn(position) + ": " + Shown(what, 160));
  }

 private:
  struct Container {
    bool is_array;
    size_t index;  // of the value that comes next
    std::string key;
    std::set<std::string> keys;
  };

  bool Value() {
    if (!open_.empty()) ++open_.back().index;
    return true;
  }
  bool Open(bool is_array) {
    if (open_.size() == kJsonDepthMax) {
      return Fail("nested deeper than the " + std::to_string(kJsonDepthMax) + " levels allowed");
    }
    open_.push_back({.is_array = is_array, .index = 0, .key = {}, .keys = {}});
    return true;
  }
  bool Close() {
    open_.pop_back();
    return Value();
  }
  bool Fail(std::string what) {
    error_ = std::move(what);
    return false;
  }

  // As Quoted, without the quotes.
  static std::string Shown(std::string_view text, size_t bytes_max = 60) {
    const std::string quoted = Quoted(text, bytes_max);
    return quoted.substr(1, quoted.size() - 2);
  }

  std::string Pointer() const {
    std::string pointer;
    for (const Container& container : open_) {
      pointer +=
          '/' + (container.is_array ? std::to_string(container.index) : Shown(container.key));
    }
    return pointer.empty() ? "/" : pointer;
  }

  std::string LineAndColumn(std::size_t position) const {
    const std::string_view read = text_.substr(0, std::min(position, text_.size()));
    const auto line = 1 + std::count(read.begin(), read.end(), '\n');
    const size_t line_start = read.rfind('\n') + 1;  // npos + 1 is 0
    return "line " + std::to_string(line) + ", column " +
           std::to_string(std::max<size_t>(1, read.size() - line_start));
  }

  std::string_view text_;
  std::string error_;
  std::vector<Container> open_;
};

}  // namespace

JsonParse ParseJsonText(std::string_view text, std::string_view name) {
  JsonParse parse;
  const auto fail = [&](const std::string& what) {
    parse.error = std::string(name) + ": " + what;
    return parse;
  };
  if (text.size() > kJsonBytesMax) {
    return fail("over " + std::to_string(kJsonBytesMax) + " bytes, the largest that is read");
  }
  Checker checker(text);
  if (!Json::sax_parse(text, &checker, Json::input_format_t::json, /*strict=*/true,
                       /*ignore_comments=*/true)) {
    return fail(checker.error());
  }
  parse.json = Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (parse.json.is_discarded()) return fail("not JSON");
  return parse;
}

JsonParse ParseJsonFile(const std::string& path) {
  std::error_code ignored;
  std::ifstream file;
  errno = 0;
  if (std::filesystem::is_directory(path, ignored)) {
    errno = EISDIR;
  } else {
    file.open(path, std::ios::binary);
  }
  if (!file.is_open()) {
    return {.json = {},
            .error = path + ": cannot be read: " + std::generic_category().message(errno)};
  }
  std::string text(kJsonBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad())
    return {.json = {},
            .error = path + ": cannot be read: " + std::generic_category().message(errno)};
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseJsonText(text, path);
}

}  // namespace bwlab::workload
