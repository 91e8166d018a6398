#pragma once

namespace bwlab::cli {

/// From now on SIGINT and SIGTERM are noted and do not end the program, so that what is finished
/// can be kept.
void NoteInterruptions();

/// Whether one of them came since.
bool Interrupted();

}  // namespace bwlab::cli
