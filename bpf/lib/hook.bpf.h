// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracepoints, with the kernel's types or without. Every kernel half is compiled twice from the same source:
//
// - as it stands, for tp_btf: a hook's arguments are typed pointers, and their members are read by plain loads;
// - with WITHOUT_BTF, for raw_tp, where the kernel offers no BTF of its own: the same arguments are plain numbers to
//   the verifier, members are read by a helper, and nothing may be asked for that needs a typed pointer.
//
// Programs, maps and variables must be the same in both, which the build compares.
#pragma once

#include "lib/core.bpf.h"

// member(task, real_parent, tgid): a member, through any number of pointers, of what a tracepoint passed on.
#ifdef WITHOUT_BTF
#define TYPED_HOOKS 0
#define TRACEPOINT(name) SEC("raw_tp/" name)
#define member(from, ...) BPF_CORE_READ((from), __VA_ARGS__)
#else
#define TYPED_HOOKS 1
#define TRACEPOINT(name) SEC("tp_btf/" name)
#define member(from, ...) ___arrow((from), __VA_ARGS__)
#endif
