// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Variables of every kind, as compilers describe them. Never loaded: its BTF and its sections are what is tested.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "kinds.bpf.h"

struct config {
	bool feature_enabled;
	enum fruit fruit;
	struct limits limits[3];
	char name[16];
	__u32 narrow : 3;
	__s32 narrow_signed : 5;
	__u64 wide : 40;
	enum sign narrow_sign : 3;
	union {
		__u32 word;
		__u8 bytes[4];
	};
	struct {
		int inner;
	};
	void* pointer;
};

RODATA __int128 a_s128 = -5;
RODATA unsigned __int128 a_u128 = 5;
RODATA struct config my_cfg = {
	.fruit = PLUM, .name = "cfg", .narrow = 5, .narrow_signed = -7, .wide = 1ULL << 39};
RODATA pid_t my_pid = 0;

int in_data = 7;
struct limits in_bss[2];
int in_named_data SEC(".data.mine") = 8;
RODATA int in_named_rodata SEC(".rodata.mine") = 9;
static volatile int hidden = 10;
static volatile int hidden_too = 11;
static const volatile int hidden_constant = 12;

struct event {
	__u64 ts;
	__u32 pid;
	int type;
	char comm[16];
	bool failed;
	enum fruit fruit;
	struct limits limits;
	__u16 ports[4];
	void* where;
	__u32 flag : 1;
	__s32 small : 4;
	char path[];
};
struct event* unused;

struct hist {
	__u32 slots[27];
};
struct keyed_hist {
	__u64 latency;
	__u64 slots[64];
	char comm[16];
};
struct hist* unused_hist;
struct keyed_hist* unused_keyed;

SEC("raw_tp/sched_switch")
int uses_them(void* ctx)
{
	hidden += hidden_too + hidden_constant;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
