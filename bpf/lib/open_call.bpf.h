// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The calls that open a file by its path: open, creat, openat and openat2, their numbers, and what they were given, as it
// still stands in the saved registers at their exit.
#pragma once

#include "lib/syscall.bpf.h"

#include "open_call.h"

#define AT_FDCWD (-100)
#define O_CREAT 0100
#define O_WRONLY 01
#define O_TRUNC 01000

#if defined(__TARGET_ARCH_x86)
#define native_open(number) ((number) == 2 || (number) == 85 || (number) == 257 || (number) == 437)
#define compat_open(number) ((number) == 5 || (number) == 8 || (number) == 295 || (number) == 437)
#define call_of(number, compat)                              \
	((number) == 437                          ? OPEN_OPENAT2 \
			: (number) == ((compat) ? 5 : 2)  ? OPEN_OPEN    \
			: (number) == ((compat) ? 8 : 85) ? OPEN_CREAT   \
											  : OPEN_OPENAT)
#else
#define native_open(number) ((number) == 56 || (number) == 437)
#define compat_open(number) ((number) == 5 || (number) == 8 || (number) == 322 || (number) == 437)
#define call_of(number, compat)                        \
	((number) == 437                    ? OPEN_OPENAT2 \
			: (compat) && (number) == 5 ? OPEN_OPEN    \
			: (compat) && (number) == 8 ? OPEN_CREAT   \
										: OPEN_OPENAT)
#endif

// What a call was given, wherever it came from.
struct open_request {
	const char *path;   // in user memory
	__u64 how, resolve; // O_*, RESOLVE_*
	__u32 mode;
	int dirfd;
	__u16 call; // enum open_call
	bool how_unreadable;
};

static __always_inline void read_open_request(
	struct open_request *r, struct pt_regs *regs, long number, bool compat)
{
	__u64 a = compat ? syscall_compat_arg1(regs) : syscall_arg1(regs);
	__u64 b = compat ? syscall_compat_arg2(regs) : syscall_arg2(regs);
	__u64 c = compat ? syscall_compat_arg3(regs) : syscall_arg3(regs);
	__u64 d = compat ? syscall_compat_arg4(regs) : syscall_arg4(regs);
	struct open_how how = {};

	r->call = call_of(number, compat);
	r->how_unreadable = false;
	r->resolve = 0;
	if (r->call == OPEN_OPEN || r->call == OPEN_CREAT) {
		r->dirfd = AT_FDCWD;
		r->path = (void *)a;
		r->how = r->call == OPEN_CREAT ? O_CREAT | O_WRONLY | O_TRUNC : (__u32)b;
		r->mode = r->call == OPEN_CREAT ? b : c;
		return;
	}
	r->dirfd = a;
	r->path = (void *)b;
	r->how = (__u32)c;
	r->mode = d;
	if (r->call != OPEN_OPENAT2)
		return;
	if (d < sizeof(how) || bpf_probe_read_user(&how, sizeof(how), (void *)c) < 0)
		r->how_unreadable = true;
	r->how = how.flags;
	r->mode = how.mode;
	r->resolve = how.resolve;
}
