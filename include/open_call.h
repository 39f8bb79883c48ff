// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The calls that open a file by its path.
#pragma once

#define OPEN_PATH_BYTES 4096 // the longest path that the kernel takes, with its NUL (PATH_MAX)

enum open_call { OPEN_OPEN, OPEN_CREAT, OPEN_OPENAT, OPEN_OPENAT2 };
