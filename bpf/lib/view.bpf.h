// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A view of a kernel object for reading only.
//
// At every pointer that a program reads through a trusted one, such as a hook's argument or the current task, the
// verifier looks for the type it finds in four lists by walking all of the kernel's types by name
// (btf_nested_type_is_trusted, kernel/bpf/btf.c): one to two milliseconds each, on every path through the program.
// Through a view it looks for nothing. The loads are the same; one from a bad address reads zero. A view cannot be
// passed to helpers and kfuncs that want a task.
#pragma once

#include "lib/hook.bpf.h"

#ifdef WITHOUT_BTF
#define view(object) (object) // nothing has a type here, and libbpf would want the kernel's own for the cast
#else
// Since 6.2; before that nothing is looked for.
void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define view(object)                                                                 \
	({                                                                               \
		typeof(object) _view = (object);                                             \
		if (bpf_rdonly_cast)                                                         \
			_view = bpf_rdonly_cast(_view, bpf_core_type_id_kernel(typeof(*_view))); \
		_view;                                                                       \
	})
#endif
