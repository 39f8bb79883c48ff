// SPDX-License-Identifier: BSD-2-Clause
// A function of the kernel that a program calls if it is there (__ksym __weak) is looked for in the kernel's types and,
// where it is not in there, in those of all modules. To list modules takes CAP_SYS_ADMIN, and libbpf then fails the load of
// whoever has only CAP_BPF and CAP_PERFMON, on every kernel without the function (bpf_rdonly_cast: before 6.2). Nothing here
// is in a module, so the linker sends the call here (--wrap): who may not see the list has none.
#include "bpf/kernel_excerpt.h"

#include <cerrno>
#include <cstdint>

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
int __real_bpf_btf_get_next_id(uint32_t start_id, uint32_t* next_id);
int __wrap_bpf_btf_get_next_id(uint32_t start_id, uint32_t* next_id);

int __wrap_bpf_btf_get_next_id(uint32_t start_id, uint32_t* next_id)
{
	if (!corescope::uses_kernel_excerpt()) {
		const int result = __real_bpf_btf_get_next_id(start_id, next_id);
		if (result == 0 || errno != EPERM)
			return result;
	}
	errno = ENOENT; // the end of the list
	return -ENOENT;
}
// NOLINTEND(bugprone-reserved-identifier)
}
