// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Types that variables of every kind have, for BPF objects and for what reads their records.
#pragma once

enum fruit { APPLE, PEAR = 5, PLUM };
enum sign { MINUS = -1, NOUGHT, PLUS };

struct limits {
	__u16 low;
	__u16 high;
};
