// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The system call that a task is in: its number and arguments, as the saved user registers still hold them.
// So a program at the exit of a call needs no partner at its entry, and no map between the two.
#pragma once

#include "lib/task.bpf.h"

#define KERNEL_STACK_BYTES 16384 // THREAD_SIZE of both architectures, with pages of 4 KiB and without KASAN

#if defined(__TARGET_ARCH_x86)
// 6.9: what a kernel that knows FRED (CONFIG_X86_FRED) saves besides, whether the CPU has it or not. Where the
// helper answers, nothing asks for it.
struct fred_frame___since_6_9 {
	char any;
};
#define KERNEL_STACK_PADDING (!TYPED_HOOKS && bpf_core_type_exists(struct fred_frame___since_6_9) ? 16 : 0)
#define SYSCALL_FUNCTION(name) "__x64_sys_" #name
#define syscall_number(regs) ((long)regs_read(regs, orig_ax))
#define syscall_arg1(regs) regs_read(regs, di)
#define syscall_arg2(regs) regs_read(regs, si)
#define syscall_arg3(regs) regs_read(regs, dx)
#define syscall_arg4(regs) regs_read(regs, r10)
// A 32-bit call of an x86_64 task: other numbers, other registers.
#define TS_COMPAT 0x0002 // arch/x86/include/asm/thread_info.h
#define syscall_is_compat(task) (!!(task_read(task, thread_info.status) & TS_COMPAT))
#define syscall_compat_arg1(regs) ((__u32)regs_read(regs, bx))
#define syscall_compat_arg2(regs) ((__u32)regs_read(regs, cx))
#define syscall_compat_arg3(regs) ((__u32)regs_read(regs, dx))
#define syscall_compat_arg4(regs) ((__u32)regs_read(regs, si))
#elif defined(__TARGET_ARCH_arm64)
#define KERNEL_STACK_PADDING 0
#define SYSCALL_FUNCTION(name) "__arm64_sys_" #name
#define syscall_number(regs) ((long)regs_read(regs, syscallno))
#define syscall_arg1(regs) regs_read(regs, orig_x0)
#define syscall_arg2(regs) regs_read(regs, user_regs.regs[1])
#define syscall_arg3(regs) regs_read(regs, user_regs.regs[2])
#define syscall_arg4(regs) regs_read(regs, user_regs.regs[3])
#define TIF_32BIT (1 << 22) // arch/arm64/include/asm/thread_info.h
#define syscall_is_compat(task) (!!(task_read(task, thread_info.flags) & TIF_32BIT))
#define syscall_compat_arg1(regs) ((__u32)syscall_arg1(regs))
#define syscall_compat_arg2(regs) ((__u32)syscall_arg2(regs))
#define syscall_compat_arg3(regs) ((__u32)syscall_arg3(regs))
#define syscall_compat_arg4(regs) ((__u32)syscall_arg4(regs))
#else
#error "this architecture's system call registers are not known"
#endif

static __always_inline struct pt_regs *syscall_regs(struct task_struct *task)
{
	if (TYPED_HOOKS && has_helper(task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(task);
	return task_read(task, stack) + KERNEL_STACK_BYTES - KERNEL_STACK_PADDING -
		bpf_core_type_size(struct pt_regs);
}
