// SPDX-License-Identifier: BSD-2-Clause
// A snapshot as bytes and back, so that a later process can take the difference to it. Names and labels are left out:
// a difference has those of the later one.
#pragma once

#include "base/pack.h"
#include "hist/snapshot.h"

namespace corescope {

void pack_snapshot(Packer& out, const Snapshot& snapshot);
Snapshot unpack_snapshot(Unpacker& in); // throws Malformed

} // namespace corescope
