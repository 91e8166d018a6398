#include "run_experiment/interruption.h"

#include <csignal>

namespace bwlab::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void Note(int /*signal*/) { g_interrupted = 1; }

}  // namespace

void NoteInterruptions() {
  struct sigaction action {};
  action.sa_handler = Note;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool WasInterrupted() { return g_interrupted != 0; }

}  // namespace bwlab::cli
