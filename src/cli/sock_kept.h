// SPDX-License-Identifier: BSD-2-Clause
// The user half of bpf/lib/sock_kept.bpf.h: which of its maps there is.
#pragma once

#include <bpf/libbpf.h>

namespace corescope {

// Called by a tool's configure(). by_storage: whether the programs of the hook set use socket storage.
template <class Skel>
void configure_sock_kept(Skel& skel, bool by_storage)
{
	bpf_map__set_autocreate(skel.maps.sock_kept, by_storage);
	bpf_map__set_autocreate(skel.maps.sock_kept_hash, !by_storage);
}

} // namespace corescope
