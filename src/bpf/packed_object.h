// SPDX-License-Identifier: BSD-2-Clause
// The two compiled objects of a kernel half, as bpf/skeleton puts them into this binary: one stream of LZMA, first the
// object with the kernel's types, then the one without (bpf/lib/hook.bpf.h). Compressed apart they would be nearly twice
// as large. Whoever opens a skeleton does not notice.
#pragma once

#include <cstddef>
#include <string>

namespace corescope {

struct PackedObject {
	const unsigned char* bytes;
	size_t size;       // bytes, packed
	size_t typed_size; // bytes, unpacked
	size_t raw_size;
};

// The typed object. A skeleton asks for it (X_bpf__elf_bytes) and libbpf needs it until it is open: the bytes stay where
// they are until this thread unpacks another, or says that it needs none (forget_unpacked).
const void* unpack_object(const PackedObject& packed, size_t* size);
void forget_unpacked();

// The object without types. Throws Error.
std::string unpack_raw_object(const PackedObject& packed);

} // namespace corescope
