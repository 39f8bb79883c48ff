// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The arguments of a program: those that a process runs with, which lie one behind the other; and a vector of strings in
// user memory (argv), followed pointer by pointer, for calls that have not taken it over. What is not resident there
// cannot be read here, and is told as "?".
#pragma once

#include "lib/task.bpf.h"

#define ARGV_MOST 4096        // strings that are followed
#define ARGV_MOST_UNROLLED 32 // the same where the kernel has no bpf_loop (before 5.17)
#define ARGV_SMALL 4096       // the two sizes of room that there are, bytes
#define ARGV_LARGE 131072

enum argv_flag { ARGV_CUT = 1, ARGV_UNREADABLE = 2 };

// How many bytes the task's arguments have, or `most`. task: a tracepoint's argument, whose address space is there.
static __always_inline __u64 args_bytes(struct task_struct *task, __u32 most)
{
	__u64 all = member(task, mm, arg_end) - member(task, mm, arg_start);

	return all < most ? all : most;
}

// Reads them, most: bytes, and not more than `room`, a constant. Returns how many there are in `data`; *flags, in the
// record, tells of more.
static __always_inline __u64 read_args(
	struct task_struct *task, char *data, __u32 most, const __u32 room, __u32 *total, __u32 *flags)
{
	__u64 start = member(task, mm, arg_start);
	__u64 all = member(task, mm, arg_end) - start;
	__u64 len = all < most ? all : most;

	len = opaque(len);
	if (len > room)
		len = room;
	*total = all;
	if (len < all)
		*flags |= ARGV_CUT;
	if (len && bpf_probe_read_user(data, len, (void *)start) < 0) {
		*flags |= ARGV_UNREADABLE;
		len = 0;
	}
	return len;
}

// What is kept while a vector is read. *used and *flags lie in the record: what the verifier does not track it does not
// explore.
struct argv_walk {
	const char *const *argv;
	char *data; // twice the room: the verifier does not see that what is left shrinks as *used grows
	__u32 *used;
	__u32 *flags;
	__u32 most; // bytes
};

// The next string; 1 ends the walk.
static __always_inline long argv_next(struct argv_walk *walk, __u32 i, __u32 room)
{
	__u32 used = *walk->used;
	const char *arg = NULL;
	long n;

	if (bpf_probe_read_user(&arg, sizeof(arg), &walk->argv[i]) < 0) {
		*walk->flags |= ARGV_UNREADABLE;
		return 1;
	}
	if (!arg)
		return 1;
	if (used >= walk->most || used >= room) {
		*walk->flags |= ARGV_CUT;
		return 1;
	}
	// One byte more than there is room for, so that a string that just fits differs from one that was cut.
	n = bpf_probe_read_user_str(walk->data + used, room + 1, arg);
	if (n < 0) {
		*walk->flags |= ARGV_UNREADABLE;
		walk->data[used] = '?';
		walk->data[used + 1] = 0;
		n = 2;
	}
	if (n == 0) { // kernels before 6.16 count no byte for an empty string
		walk->data[used] = 0;
		n = 1;
	}
	*walk->used = used + (n & (2 * room - 1));
	return 0;
}

static long argv_next_small(__u32 i, struct argv_walk *walk) { return argv_next(walk, i, ARGV_SMALL); }

static long argv_next_large(__u32 i, struct argv_walk *walk) { return argv_next(walk, i, ARGV_LARGE); }

// Returns how many bytes there are in walk->data, for the verifier too at most `room`: ARGV_SMALL or ARGV_LARGE, a
// constant; walk->data has twice as much. loop: a constant, as for read_path().
static __always_inline __u32 argv_read(struct argv_walk *walk, const __u32 room, bool loop)
{
	if (loop) {
		if (bpf_loop(ARGV_MOST, room > ARGV_SMALL ? argv_next_large : argv_next_small, walk, 0) == ARGV_MOST)
			*walk->flags |= ARGV_CUT;
	} else {
		for (int i = 0; i < ARGV_MOST_UNROLLED; i++) {
			if (argv_next(walk, i, room))
				break;
			if (i == ARGV_MOST_UNROLLED - 1)
				*walk->flags |= ARGV_CUT;
		}
	}
	if (*walk->used > walk->most) {
		*walk->used = walk->most;
		*walk->flags |= ARGV_CUT;
	}
	if (*walk->used > room)
		*walk->used = room;
	return *walk->used;
}
