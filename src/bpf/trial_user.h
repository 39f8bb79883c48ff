// SPDX-License-Identifier: BSD-2-Clause
// A place in our own binary for uprobes to be tried at, and the attaching by perf events that libbpf does only for
// programs of its objects.
#pragma once

#include "bpf/trial.h"

namespace corescope {

// All return a descriptor or a negative errno; closing it detaches.
int attach_tracepoint(int program, const std::string& name); // "task/task_rename"
int attach_kprobe(int program, const std::string& function);
int attach_uprobe(int program, bool counted); // at the place; counted: with a semaphore, as USDT has it
int attach_counter(int program, unsigned type, unsigned long config);

// Comes by at the place. False with `counted` if the kernel has not raised the semaphore.
bool pass_by(bool counted);

} // namespace corescope
