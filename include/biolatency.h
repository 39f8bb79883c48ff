// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// biolatency: the runtime's own histogram, and the keys that it is kept by besides the runtime's.
#pragma once

#include "histmap.h"
#include "request.h"

// Never 0.
#define HIST_BY_DISK HIST_BY_OWN // key: IO_KEY | IO_DISK(major, minor); IO_KEY for a request of no disk
#define HIST_BY_FLAGS (HIST_BY_OWN + 1) // key: IO_KEY | flags << 8 | operation (REQ_OP_*)
#define IO_KEY (1ULL << 40)
