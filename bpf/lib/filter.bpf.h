// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Filters that every tool has. They are rodata: one that is off does not exist after the verifier. They test the
// task that is passed, which is the one that the event is about, and never silently the current one.
#pragma once

#include "lib/task.bpf.h"

const volatile __u64 filter_cgroup = 0;       // cgroup v2 id; 0: all
const volatile __u32 filter_cgroup_level = 0; // its depth below the root, as in cgroup->level

// Whether it is the cgroup that was named, or lies below it. typed: whether the pointer may be loaded through.
static __always_inline bool cgroup_matches(struct cgroup *cgroup, bool typed)
{
	__u64 id = 0;

	if (read_typed(typed, cgroup, kn, id) == filter_cgroup)
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
	return id == filter_cgroup;
}

// True also for the cgroups below the one that was named.
static __always_inline bool in_cgroup(struct task_struct *task)
{
	if (!filter_cgroup)
		return true;
	return cgroup_matches(
		task_read(task, cgroups, dfl_cgrp), TYPED_HOOKS && has_helper(get_current_task_btf));
}
