// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// runqlat: what crosses is the runtime's own histogram.
#pragma once

#include "histmap.h"
