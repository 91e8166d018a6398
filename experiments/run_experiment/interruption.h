#pragma once

namespace bwlab::cli {

/// From now on SIGINT and SIGTERM do not end this process, but are noted.
void NoteInterruptions();

/// Whether one came.
bool WasInterrupted();

}  // namespace bwlab::cli
