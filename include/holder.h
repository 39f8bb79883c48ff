// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who holds what of BPF: one record for each descriptor of a program, map, link, or perf event with a program behind it.
#pragma once

enum holder_kind {
	HOLDS_PROG,
	HOLDS_MAP,
	HOLDS_LINK,
	HOLDS_PERF, // `id` is that of the program
	HOLDER_KINDS,
};

struct holder {
	unsigned int kind;
	unsigned int id;
	int pid;
	int fd;
	char comm[16]; // of the process, that is of its first thread
};
