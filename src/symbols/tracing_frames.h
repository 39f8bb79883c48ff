// SPDX-License-Identifier: BSD-2-Clause
// The frames of a kernel stack that are the tracer's own.
#pragma once

#include "symbols/frame.h"

#include <cstddef>
#include <span>

namespace corescope {

// frames: of a stack that a BPF program took of its own task, leaf first. How many of them, from the leaf on, are the way
// from the traced function into that program. A stack of where something was interrupted has none.
size_t tracing_frames(std::span<const Frame* const> frames);

} // namespace corescope
