// SPDX-License-Identifier: BSD-2-Clause
// libbpf loads an object with an excerpt of the kernel's types in place of all of them: see btf/excerpt.h.
#pragma once

#include "btf/excerpt.h"

#include <bpf/libbpf.h>

#include <memory>
#include <string_view>

namespace corescope {

// While it lives, what this thread's libbpf takes for the kernel's types is the excerpt that the object needs. The kernel
// is still told its own numbers of types. One at a time in a thread.
class KernelExcerpt {
public:
	// object: opened, not loaded; elf: its bytes. Null where an excerpt cannot be made: then libbpf has to read all.
	static std::unique_ptr<KernelExcerpt> of(bpf_object* object, std::string_view elf);
	~KernelExcerpt();
	KernelExcerpt(const KernelExcerpt&) = delete;
	KernelExcerpt& operator=(const KernelExcerpt&) = delete;

	const BtfExcerpt& types() const { return types_; }
	// The number in it of bpf_rdonly_cast(); 0 if it is not there.
	uint32_t cast() const { return cast_; }

private:
	explicit KernelExcerpt(BtfExcerpt types);

	BtfExcerpt types_;
	uint32_t cast_ = 0;
};

// Whether this thread has one. Modules' types build upon all of the kernel's, so there are none beside an excerpt.
bool uses_kernel_excerpt();

} // namespace corescope
