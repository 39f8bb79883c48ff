// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How many bytes each write(2) asks for, as a histogram of powers of two. A value with slots is drawn.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct hist {
	__u32 slots[32];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, int);
	__type(value, struct hist);
} write_bytes SEC(".maps");

const volatile int my_pid = 0; // 0: all of them
static const struct hist nothing;

static __u32 log2_of(__u64 value)
{
	__u32 slot = 0;

	for (int shift = 32; shift > 0; shift /= 2)
		if (value >> shift) {
			value >>= shift;
			slot += shift;
		}
	return slot;
}

SEC("tp/syscalls/sys_enter_write")
int on_write(struct trace_event_raw_sys_enter* ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;
	struct hist* hist;
	__u32 slot;

	if (my_pid && pid != my_pid)
		return 0;
	hist = bpf_map_lookup_elem(&write_bytes, &pid);
	if (!hist) {
		bpf_map_update_elem(&write_bytes, &pid, &nothing, BPF_NOEXIST);
		hist = bpf_map_lookup_elem(&write_bytes, &pid);
		if (!hist)
			return 0;
	}
	slot = log2_of(ctx->args[2]);
	if (slot > 31)
		slot = 31;
	__sync_fetch_and_add(&hist->slots[slot], 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
