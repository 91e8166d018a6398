#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bwlab::experiment {

/// One clause for an error message: `unknown engine "bwtre"; did you mean "bwtree"? Choices:
/// bwtree, ...`.
std::string UnknownName(std::string_view what, std::string_view name,
                        std::span<const std::string> choices);

/// `name` between double quotes, with what is not printable ASCII escaped, cut after 60 bytes.
std::string Quoted(std::string_view name);

/// Whether `text` can stand in a JSON document.
bool IsUtf8(const std::string& text);

/// "1 thread", "2 threads".
std::string Counted(uint64_t count, std::string_view noun);

/// The names with ", " between them.
std::string JoinNames(std::span<const std::string> names);

/// The parts of `text` between `separator`s; one empty part for an empty text.
std::vector<std::string> SplitAt(std::string_view text, char separator);

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters.
bool MatchesGlob(std::string_view text, std::string_view pattern);

}  // namespace bwlab::experiment
