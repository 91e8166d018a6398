#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// First line of a small file such as those of /proc and /sys; empty where it cannot be read.
std::string FirstLine(const std::string& path);

/// Writes `text` under a temporary name in the same folder, flushes it to the disk and renames it
/// to `path`, so that a reader sees either no file or the whole of it. Errors: IoError with the
/// path and errno's text.
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view text);

/// SHA-256 in lower-case hexadecimal.
std::string Sha256Hex(std::string_view bytes);

/// SHA-256 of a file of any size, or empty where it cannot be read.
std::string Sha256HexOfFile(const std::string& path);

}  // namespace bwlab::experiment
