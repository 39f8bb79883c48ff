// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Requests to block devices, as both halves number what they say.
#pragma once

#define IO_DISK(major, minor) ((__u64)(major) << 20 | (minor))

// The flags among those of a request that say what it is for; numbers of our own. They stand above the operation,
// which has eight bits.
enum io_flag {
	IO_SYNC,
	IO_METADATA,
	IO_PRIORITY,
	IO_FUA,
	IO_PREFLUSH,
	IO_READ_AHEAD,
	IO_BACKGROUND,
};
