// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// From a number or a descriptor to the process that it means, as the current task means it. By plain reads, since the
// kernel's own functions for that (bpf_task_from_vpid and the like) came in 6.2 to 6.14, and not for every program.
#pragma once

#include "lib/task.bpf.h"

#define PID_TREE_DEEPEST 6 // nodes between the root and a number below 2^22; more than there are
#define EBADF 9
#define EINVAL 22
// include/uapi/linux/magic.h
#define PROC_SUPER_MAGIC 0x9fa0
#define ANON_INODE_FS_MAGIC 0x09041934
#define PID_FS_MAGIC 0x50494446
// Numbers that stand for the caller: include/uapi/linux/pidfd.h of 6.14; 6.16 changed the second (linux/fcntl.h).
#define PIDFD_SELF_THREAD (-10000)
#define PIDFD_SELF_THREAD_GROUP (-10001)
#define PIDFD_SELF_THREAD_GROUP_6_14 (-20000)

// By its number in the namespace where the task lives (find_vpid() in kernel/pid.c). The numbers are the keys of an
// xarray: a node's address has its two low bits set to 2, and `shift` bits of the number lie below it.
static __always_inline struct pid *pid_by_number(struct task_struct *task, __u32 number)
{
	struct pid *own = BPF_CORE_READ(task, thread_pid);
	const void *upid =
		(const void *)&own->numbers[0] + BPF_CORE_READ(own, level) * bpf_core_type_size(struct upid);
	struct pid_namespace *ns = BPF_CORE_READ((const struct upid *)upid, ns);
	unsigned long entry;

	if (!bpf_core_field_exists(ns->idr.idr_rt.xa_head))
		return NULL;
	entry = (unsigned long)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	for (int i = 0; i < PID_TREE_DEEPEST && (entry & 3) == 2; i++) {
		const struct xa_node *node = (const void *)(entry - 2);
		const __u32 slots = bpf_core_field_size(node->slots) / sizeof(void *);
		__u32 slot = number >> (BPF_CORE_READ(node, shift) & 31);

		if (i == 0 && slot >= slots) // beyond the largest number there is
			return NULL;
		if (bpf_probe_read_kernel(
				&entry, sizeof(entry), (const void **)&node->slots[0] + (slot & (slots - 1))))
			return NULL;
	}
	return entry & 3 ? NULL : (struct pid *)entry;
}

// By a descriptor that pidfd_send_signal was given; ret: what the call said of it.
static __always_inline struct pid *pid_by_descriptor(struct task_struct *task, int fd, long ret)
{
	struct fdtable *table;
	struct file *file = NULL;
	struct inode *inode;
	char name[8] = {};

	if (ret == -EBADF)
		return NULL;
	if (fd == PIDFD_SELF_THREAD)
		return BPF_CORE_READ(task, thread_pid);
	if (fd == PIDFD_SELF_THREAD_GROUP || fd == PIDFD_SELF_THREAD_GROUP_6_14)
		return BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	table = BPF_CORE_READ(task, files, fdt);
	if ((__u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + (__u32)fd);
	inode = BPF_CORE_READ(file, f_inode);
	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case PID_FS_MAGIC: // since 6.9
		return BPF_CORE_READ(inode, i_private);
	case ANON_INODE_FS_MAGIC: // before; of many kinds, told apart by their name
		bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
		return __builtin_memcmp(name, "[pidfd]", sizeof(name)) ? NULL : BPF_CORE_READ(file, private_data);
	case PROC_SUPER_MAGIC: // an open /proc/PID is taken as well; others give EBADF, but bad flags come first
		return ret == -EINVAL ? NULL : BPF_CORE_READ(container_of(inode, struct proc_inode, vfs_inode), pid);
	}
	return NULL;
}

// Its number on the host, also when the process has gone.
static __always_inline __u32 pid_on_host(struct pid *pid)
{
	__u32 number = 0;

	bpf_core_read(&number, sizeof(number), &pid->numbers[0].nr);
	return number;
}

// The task, to be read by BPF_CORE_READ; null when it has gone.
static __always_inline struct task_struct *pid_to_task(struct pid *pid)
{
	struct hlist_node *first = NULL;

	bpf_core_read(&first, sizeof(first), &pid->tasks[PIDTYPE_PID].first);
	return first ? container_of(first, struct task_struct, pid_links[PIDTYPE_PID]) : NULL;
}
