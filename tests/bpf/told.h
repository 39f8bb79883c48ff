// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A record with members of every kind, which told.bpf.c fills from variables of every kind. Its reader in the tests is
// compiled from this, and so knows nothing of BTF.
#pragma once

#include "kinds.h"

struct config {
	bool feature_enabled;
	enum fruit fruit;
	struct limits limits[3];
	char name[16];
	__u32 narrow : 3;
	__s32 narrow_signed : 5;
	__u64 wide : 40;
	union {
		__u32 word;
		__u8 bytes[4];
	};
	__extension__ struct {
		int inner;
	};
};

struct told {
	__u64 seq;
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s16 s16;
	__u32 u32;
	__s32 s32;
	__u64 u64;
	__s64 s64;
	bool yes;
	char letter;
	enum fruit fruit;
	enum sign sign;
	float single;
	double twice;
	char text[16];
	__u32 numbers[6];
	__s16 grid[2][3];
	char names[3][8];
	struct config cfg;
	int in_data;
	__u64 in_data_far;
	struct limits in_bss[2];
	__s64 in_bss_far;
	char comm[16];
	void* where;
};
