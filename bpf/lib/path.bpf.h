// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The path of an open file or directory, as its process would see it: up to the process' root, across mounts.
// Written as component names from the leaf up, each closed by NUL; the user half puts them in order.
#pragma once

#include "lib/task.bpf.h"

#define PATH_COMPONENTS 64
#define PATH_COMPONENTS_UNROLLED 16 // where the kernel has no bpf_loop (before 5.17)
#define PATH_NAME_BYTES 256
#define PATH_ROOM 1024 // bytes that a path may take

// *used lies in the record: what the verifier does not track it does not explore.
struct path_walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct path root;
	char *data;
	__u32 *used;
	bool complete;
};

// One step towards the root; 1 ends the walk.
static __always_inline long path_step(struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct vfsmount *mnt = walk->mnt;
	struct dentry *top = BPF_CORE_READ(mnt, mnt_root);
	__u32 used = *walk->used;
	long n;

	if (dentry == walk->root.dentry && mnt == walk->root.mnt) {
		walk->complete = true;
		return 1;
	}
	if (dentry == top) {
		struct mount *here = container_of(mnt, struct mount, mnt);
		struct mount *above = BPF_CORE_READ(here, mnt_parent);

		if (above == here) {
			walk->complete = true;
			return 1;
		}
		walk->dentry = BPF_CORE_READ(here, mnt_mountpoint);
		walk->mnt = &above->mnt;
		return 0;
	}
	if (used > PATH_ROOM - PATH_NAME_BYTES)
		return 1;
	n = bpf_probe_read_kernel_str(walk->data + used, PATH_NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
	if (n > 0)
		*walk->used = used + (n & (2 * PATH_NAME_BYTES - 1));
	walk->dentry =
		dentry == parent ? top : parent; // what lies nowhere, as a memfd, has a name and nothing above
	return 0;
}

static long path_step_each(__u32 i, struct path_walk *walk) { return path_step(walk); }

// Writes the path's components to `data`, which has PATH_ROOM bytes; *used, in the record, tells how many were used.
// False when the path did not fit. loop: a constant, whether by bpf_loop; a program that so much as names a callback is
// refused by kernels before 5.13.
static __always_inline bool read_path(
	char *data, __u32 *used, const struct path *path, const struct path *root, bool loop)
{
	struct path_walk walk = {.data = data, .used = used};

	walk.dentry = BPF_CORE_READ(path, dentry);
	walk.mnt = BPF_CORE_READ(path, mnt);
	walk.root.dentry = BPF_CORE_READ(root, dentry);
	walk.root.mnt = BPF_CORE_READ(root, mnt);
	if (loop) {
		bpf_loop(PATH_COMPONENTS, path_step_each, &walk, 0);
	} else {
		for (int i = 0; i < PATH_COMPONENTS_UNROLLED; i++)
			if (path_step(&walk))
				break;
	}
	return walk.complete;
}

// Two paths in one record: their lengths, which begin at 0, and the flags that one was cut, which are set in *flags. All
// of it lies in the record: what the verifier does not track it does not explore.
struct exe_and_cwd {
	__u32 *exe_len, *cwd_len, *flags;
	__u32 exe_cut, cwd_cut;
};

// Writes the components of the executable's path (null: none) and of the current directory's to `data` from `at` on, one
// behind the other. room: a constant, bytes of data. What finds less than PATH_ROOM is left out. loop: as for
// read_path().
static __always_inline void read_exe_and_cwd(const struct exe_and_cwd *out, struct task_struct *task,
	const struct path *exe, char *data, __u32 at, const __u32 room, bool loop)
{
	const struct path *root = &member(task, fs)->root;

	at = opaque(at);
	if (exe && at <= room - PATH_ROOM) {
		if (!read_path(data + at, out->exe_len, exe, root, loop))
			*out->flags |= out->exe_cut;
		at = opaque(at + (*out->exe_len & (2 * PATH_ROOM - 1)));
	}
	if (at <= room - PATH_ROOM && !read_path(data + at, out->cwd_len, &member(task, fs)->pwd, root, loop))
		*out->flags |= out->cwd_cut;
}
