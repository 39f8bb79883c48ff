// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The path of an open file or directory, as its process would see it: up to the process' root, across mounts.
// Written as component names from the leaf up, each closed by NUL; the user half puts them in order.
#pragma once

#include "lib/task.bpf.h"

#define PATH_COMPONENTS 40
#define PATH_NAME_BYTES 256

// Reads one step of the walk; false at the root.
static __always_inline bool path_step(struct dentry **dentry, struct vfsmount **mnt, const struct path *root,
				      const unsigned char **name)
{
	struct dentry *parent = BPF_CORE_READ(*dentry, d_parent);

	if (*dentry == root->dentry && *mnt == root->mnt)
		return false;
	*name = NULL;
	if (*dentry == BPF_CORE_READ(*mnt, mnt_root) || *dentry == parent) {
		struct mount *here = container_of(*mnt, struct mount, mnt);
		struct mount *above = BPF_CORE_READ(here, mnt_parent);

		if (above == here)
			return false;
		*dentry = BPF_CORE_READ(here, mnt_mountpoint);
		*mnt = &above->mnt;
		return true;
	}
	*name = BPF_CORE_READ(*dentry, d_name.name);
	*dentry = parent;
	return true;
}

// Appends the path's components to `data` at `at`; at most `room` bytes (a constant, at least PATH_NAME_BYTES).
// *used, which lies in the record, tells how many: what lies there the verifier does not track, so that all ways
// through a step look the same to it at the next one. False when the path did not fit.
static __always_inline bool read_path(char *data, __u32 at, __u32 room, const struct path *path,
				      const struct path *root, __u32 *used)
{
	struct vfsmount *mnt = BPF_CORE_READ(path, mnt);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct path top = {};

	top.mnt = BPF_CORE_READ(root, mnt);
	top.dentry = BPF_CORE_READ(root, dentry);
	for (int i = 0; i < PATH_COMPONENTS; i++) {
		const unsigned char *name;
		__u32 end = *used;
		long n;

		if (!path_step(&dentry, &mnt, &top, &name))
			return true;
		if (!name)
			continue;
		if (end > room - PATH_NAME_BYTES)
			return false;
		n = bpf_probe_read_kernel_str(data + at + end, PATH_NAME_BYTES, name);
		if (n > 0)
			*used = end + (n & (2 * PATH_NAME_BYTES - 1));
	}
	return false;
}
