// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Which table a system call's number is of.
#pragma once

enum syscall_abi {
	SYSCALL_NATIVE,
	SYSCALL_COMPAT, // 32-bit: i386, or 32-bit ARM
	SYSCALL_X32,
};
