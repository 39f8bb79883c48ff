// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Filters that every tool has. They are rodata: one that is off does not exist after the verifier. They test the
// task that is passed, which is the one that the event is about, and never silently the current one.
#pragma once

#include "lib/task.bpf.h"

const volatile __u64 filter_cgroup = 0;       // cgroup v2 id; 0: all
const volatile __u32 filter_cgroup_level = 0; // its depth below the root, as in cgroup->level
const volatile __u32 filter_path_bytes =
	0; // of its path, with NUL; 0: what is made at that path later is another one
const volatile char filter_path[CGROUP_PATH_BYTES] = {};

// A unit that is started again has a cgroup of another id at the same path.
static __always_inline __u64 wanted_cgroup(void)
{
	return filter_path_bytes ? *(volatile __u64 *)&shared.cgroup : filter_cgroup;
}

// Whether it is the cgroup that was named, or lies below it. typed: whether the pointer may be loaded through.
static __always_inline bool cgroup_matches(struct cgroup *cgroup, bool typed)
{
	__u64 id = 0, wanted = wanted_cgroup();

	if (read_typed(typed, cgroup, kn, id) == wanted)
		return true;
	if (read_typed(typed, cgroup, level) <= (int)filter_cgroup_level)
		return false;
	if (bpf_core_field_exists(struct cgroup___since_6_1, ancestors)) {
		struct cgroup *ancestor = NULL;
		const void *all = &((struct cgroup___since_6_1 *)(void *)cgroup)->ancestors;

		bpf_core_read(&ancestor, sizeof(ancestor), all + filter_cgroup_level * sizeof(ancestor));
		if (ancestor)
			id = BPF_CORE_READ(ancestor, kn, id);
	} else {
		const void *all = &((struct cgroup___before_6_1 *)(void *)cgroup)->ancestor_ids;

		bpf_core_read(&id, sizeof(id), all + filter_cgroup_level * sizeof(id));
	}
	return id == wanted;
}

// True also for the cgroups below the one that was named.
static __always_inline bool in_cgroup(struct task_struct *task)
{
	if (!filter_cgroup)
		return true;
	return cgroup_matches(
		task_read(task, cgroups, dfl_cgrp), TYPED_HOOKS && has_helper(get_current_task_btf));
}

static __always_inline bool is_filter_path(const char *path, long bytes)
{
	if (!filter_path_bytes || bytes != filter_path_bytes)
		return false;
	for (int i = 0; i < CGROUP_PATH_BYTES; i++) {
		if (path[i] != filter_path[i])
			return false;
		if (!path[i])
			break;
	}
	return true;
}

// Costs who makes cgroups, and nobody else. One at a time: the kernel's cgroup_mutex is held. No task is in it yet.
TRACEPOINT("cgroup_mkdir")
int BPF_PROG(cgroup_is_made, struct cgroup *cgroup, const char *path)
{
	__u64 number = shared.cgroups_made, id = member(cgroup, kn, id);
	struct cgroup_made *made = &shared.made[number & (CGROUPS_MADE - 1)];
	long bytes;

	if (member(cgroup, root, hierarchy_id)) // v1
		return 0;
	*(volatile __u64 *)&made->id = 0;
	bytes = bpf_probe_read_kernel_str(made->path, sizeof(made->path), path);
	*(volatile __u64 *)&made->id = id;
	shared.cgroups_made = number + 1;
	if (is_filter_path(made->path, bytes))
		shared.cgroup = id;
	return 0;
}
