#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bwlab::workload {

/// `text` between double quotes as a sentence can carry it: bytes that are not printable ASCII are
/// escaped, and what goes past `bytes_max` is cut and replaced by "...".
std::string Quoted(std::string_view text, size_t bytes_max = 60);

/// The choice that `word` is most likely a misspelling of, or "" where none is near. Near is an
/// edit distance, with swaps of neighbours and without regard to case, of at most a third of the
/// word's length or 1.
std::string_view ClosestChoice(std::string_view word, std::span<const std::string_view> choices);

/// "did you mean \"x\"? Choices: a, b, c", without the question where nothing is near.
std::string DescribeChoices(std::string_view word, std::span<const std::string_view> choices);

}  // namespace bwlab::workload
