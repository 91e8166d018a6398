#include "run_experiment/interruption.h"

#include <csignal>

namespace bwlab::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void NoteInterruption(int /*signal*/) { g_interrupted = 1; }

}  // namespace

void NoteInterruptions() {
  struct sigaction action {};
  action.sa_handler = NoteInterruption;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return g_interrupted != 0; }

}  // namespace bwlab::cli
