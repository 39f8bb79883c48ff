// SPDX-License-Identifier: BSD-2-Clause
// See json.h.
#include "json.h"

INSTANTIATE_JSON()
