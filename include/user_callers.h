// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who made a call: addresses in the process, leaf first, and what tells this process' code from that of others.
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define CALLERS_MOST 16

struct user_callers {
	__u64 start_ns; // of the process, since boot
	__u32 exec;     // goes up with each exec
	__s32 count;    // of ips; below 0: they could not be read
	__u64 ips[CALLERS_MOST];
};
