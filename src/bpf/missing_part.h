// SPDX-License-Identifier: BSD-2-Clause
// Which part of a kernel an object was refused for.
#pragma once

#include "bpf/explain.h"

#include <optional>

struct bpf_object;

namespace corescope {

// object: opened, and refused with that error (negative errno). Tries what its programs that were to be loaded use: the
// first that this kernel has not is the cause. Nothing where it has all of it, or the error speaks of something else.
std::optional<Diagnosis> missing_part(const bpf_object* object, int error);

} // namespace corescope
