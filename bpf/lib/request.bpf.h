// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What a request to a block device says of itself: its disk, what it is for, and whom the kernel charges with it.
#pragma once

#include "lib/task.bpf.h"

#include "request.h"

// IO_DISK; 0 for a request that goes to no disk.
static __always_inline __u64 disk_of(struct request *rq)
{
	struct request___before_5_17 *old = (void *)rq;
	struct gendisk *disk = NULL;

	if (bpf_core_field_exists(old->rq_disk))
		disk = BPF_CORE_READ(old, rq_disk);
	else if (bpf_core_field_exists(struct request_queue, disk))
		disk = BPF_CORE_READ(rq, q, disk);
	return disk ? IO_DISK(BPF_CORE_READ(disk, major), BPF_CORE_READ(disk, first_minor)) : 0;
}

#define FLAG(flags, theirs, ours) \
	((flags >> bpf_core_enum_value(enum req_flag_bits, theirs) & 1) << (8 + ours))

// The operation (REQ_OP_*), and above it the flags.
static __always_inline __u64 flags_of(struct request *rq)
{
	__u64 flags = member(rq, cmd_flags);

	return (flags & 0xff) | FLAG(flags, __REQ_SYNC, IO_SYNC) | FLAG(flags, __REQ_META, IO_METADATA) |
		FLAG(flags, __REQ_PRIO, IO_PRIORITY) | FLAG(flags, __REQ_FUA, IO_FUA) |
		FLAG(flags, __REQ_PREFLUSH, IO_PREFLUSH) | FLAG(flags, __REQ_RAHEAD, IO_READ_AHEAD) |
		FLAG(flags, __REQ_BACKGROUND, IO_BACKGROUND);
}

// The cgroup that the pages belong to which a kernel thread writes back, as the kernel charges them, where block I/O
// is controlled by cgroup v2. Null where the task's own is meant.
static __always_inline struct cgroup *charged_cgroup(struct request *rq, struct task_struct *task)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);
	struct cgroup *cgroup = NULL;

	if (!(task_read(task, flags) & PF_KTHREAD) || !bio)
		return NULL;
	if (bpf_core_field_exists(bio->bi_blkg))
		cgroup = BPF_CORE_READ(bio, bi_blkg, blkcg, css.cgroup);
	return cgroup && !BPF_CORE_READ(cgroup, root, hierarchy_id) ? cgroup : NULL;
}
