// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What every stream tool's two halves share: the doorbell beside the ring buffer, and the causes of loss.
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define TASK_COMM_BYTES 16

// Why a record, or a part of the count, never reached user space. The names that users read are in src/bpf/loss.cpp.
enum loss_cause {
	LOSS_RING_FULL,  // the ring buffer had no room: the reader was too slow, or the burst too large
	LOSS_TABLE_FULL, // a key had no room in its map
	LOSS_BUSY, // a hook came while its program ran for a preempted task; the kernel counts it, not the program
	LOSS_STACK_FULL, // a stack had no room in its map; what it stands for is counted all the same
	LOSS_CAUSES,
};

// A cgroup (v2) that was made while this traced; it may be gone when its name is wanted.
#define CGROUPS_MADE 128 // the last ones; a power of two
#define CGROUP_PATH_BYTES 248
struct cgroup_made {
	__u64 id;                     // written last
	char path[CGROUP_PATH_BYTES]; // below the root of the hierarchy; cut where it is longer
};

// Lives in .bss, so both halves see it without a system call. The two cache lines are apart because the kernel
// half reads the first at every event and writes the second only when it loses one.
struct event_shared {
	__u32
		reader_sleeps; // set by the reader before it sleeps; whoever publishes next clears it and rings the bell
	__u32 pad;
	__u64 cgroup;       // that is traced; another id each time that it is made anew
	__u64 cgroups_made; // how many
	__u64 pad1[5];
	__u64 lost[LOSS_CAUSES];
	__u64 pad2[8 - LOSS_CAUSES];
	struct cgroup_made made[CGROUPS_MADE];
};
