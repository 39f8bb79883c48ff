// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// profile: what crosses is the runtime's own stacks.
#pragma once

#include "stack.h"
