// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tells all its variables in a record of a ring buffer, each time my_pid renames itself: what was set, as a program reads it.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "kinds.bpf.h"
#include "told.h"

RODATA pid_t my_pid = 0;
RODATA struct config cfg = {
	.fruit = PLUM, .name = "cfg", .narrow = 5, .narrow_signed = -7, .wide = 1ULL << 39};
volatile int in_data = 7;
volatile __u64 in_data_far = 8;
volatile struct limits in_bss[2];
volatile __s64 in_bss_far;

__u64 seq;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} records SEC(".maps");
const struct told* unused_told __attribute__((unused));

// As it is now, and not as the compiler has seen it.
#define copy_now(to, from)                              \
	({                                                  \
		const void* now = (const void*)&(from);         \
		asm volatile("" : "+r"(now));                   \
		_Static_assert(sizeof(to) == sizeof(from), ""); \
		__builtin_memcpy(&(to), now, sizeof(to));       \
	})

SEC("raw_tp/task_rename")
int on_rename(void* ctx)
{
	struct told* e;

	if ((pid_t)(bpf_get_current_pid_tgid() >> 32) != my_pid)
		return 0;
	e = bpf_ringbuf_reserve(&records, sizeof(*e), 0);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->seq = __sync_fetch_and_add(&seq, 1);
	e->u8 = a_u8;
	e->s8 = a_s8;
	e->u16 = a_u16;
	e->s16 = a_s16;
	e->u32 = a_u32;
	e->s32 = a_s32;
	e->u64 = a_u64 + e->seq;
	e->s64 = a_s64 - (__s64)e->seq;
	e->yes = a_bool;
	e->letter = a_char;
	e->fruit = a_fruit;
	e->sign = a_sign;
	copy_now(e->single, a_float); // BPF has no floating-point registers
	copy_now(e->twice, a_double);
	copy_now(e->text, a_string);
	copy_now(e->numbers, numbers);
	copy_now(e->grid, grid);
	copy_now(e->names, names);
	copy_now(e->cfg, cfg);
	e->in_data = in_data;
	e->in_data_far = in_data_far;
	copy_now(e->in_bss, in_bss);
	e->in_bss_far = in_bss_far;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->where = ctx;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
