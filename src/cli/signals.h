// SPDX-License-Identifier: BSD-2-Clause
// INT, TERM and HUP ask the run to end in order; a second INT ends it at once. A reader that has gone is noticed,
// and the process then dies of SIGPIPE as any other in a pipeline would, but with its hooks detached.
#pragma once

namespace corescope {

// Once for a process, before anything is attached.
void catch_signals();

// The first signal that asked to stop, or 0.
int stop_signal();

// Becomes readable when one has come; for poll().
int stop_fd();

// Ends this process by SIGPIPE.
[[noreturn]] void die_of_sigpipe();

} // namespace corescope
