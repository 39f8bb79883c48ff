// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The process behind a descriptor that pidfd_send_signal took.
#pragma once

#include "lib/task.bpf.h"

// include/uapi/linux/magic.h
#define PROC_SUPER_MAGIC 0x9fa0
#define ANON_INODE_FS_MAGIC 0x09041934
#define PID_FS_MAGIC 0x50494446
// Numbers that stand for the caller: include/uapi/linux/pidfd.h of 6.14; 6.16 changed the second (linux/fcntl.h).
#define PIDFD_SELF_THREAD (-10000)
#define PIDFD_SELF_THREAD_GROUP (-10001)
#define PIDFD_SELF_THREAD_GROUP_6_14 (-20000)
#define EBADF 9
#define EINVAL 22

// Its number on the host, also when it has gone; 0 if the descriptor is not one of a process. ret: what the call said
// of it. `task` is the current one.
static __always_inline __u32 pidfd_number(struct task_struct *task, int fd, long ret)
{
	struct fdtable *table;
	struct file *file = NULL;
	struct inode *inode;
	struct pid *pid = NULL;
	__u32 number = 0;

	if (ret == -EBADF)
		return 0;
	if (fd == PIDFD_SELF_THREAD)
		return task->pid;
	if (fd == PIDFD_SELF_THREAD_GROUP || fd == PIDFD_SELF_THREAD_GROUP_6_14)
		return task->tgid;
	table = BPF_CORE_READ(task, files, fdt);
	if ((__u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + (__u32)fd);
	inode = BPF_CORE_READ(file, f_inode);
	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case PID_FS_MAGIC: // since 6.9
		pid = BPF_CORE_READ(inode, i_private);
		break;
	case ANON_INODE_FS_MAGIC: // before; a descriptor of another kind is refused by EBADF, but bad flags come first
		if (ret != -EINVAL)
			pid = BPF_CORE_READ(file, private_data);
		break;
	case PROC_SUPER_MAGIC: // an open /proc/PID is taken as well
		if (ret != -EINVAL)
			pid = BPF_CORE_READ(container_of(inode, struct proc_inode, vfs_inode), pid);
		break;
	}
	if (pid)
		bpf_core_read(&number, sizeof(number), &pid->numbers[0].nr);
	return number;
}
