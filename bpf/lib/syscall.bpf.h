// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The system call that a task is in: its number and arguments, as the saved user registers still hold them.
// So a program at the exit of a call needs no partner at its entry, and no map between the two.
#pragma once

#include "lib/task.bpf.h"

#include "syscall_abi.h"

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

// --- at raw_syscalls' tracepoints, from the registers that they pass on ------------------------------------------------

#define X32_BIT 0x40000000 // arch/x86/include/uapi/asm/unistd.h

#if defined(__TARGET_ARCH_x86)
// rt_sigreturn has put -1 in its place, here as on arm64.
#define syscall_left_number(regs) ((int)member(regs, orig_ax))
#define syscall_is_x32(number) ((number) >= 0 && ((number)&X32_BIT))
#define NATIVE_MAKES_TASK(number) ((__u32)((number)-56) <= 2) // clone, fork, vfork
#define NATIVE_EXECS(number) \
	((number) == 59 || (number) == 322 || (number) == 520 || (number) == 545) // the last two of x32
#define NATIVE_ENDS_TASK(number) ((number) == 60 || (number) == 231)
#define COMPAT_EXECS(number) ((number) == 11 || (number) == 358)
#define COMPAT_EXIT_GROUP 252
#elif defined(__TARGET_ARCH_arm64)
#define syscall_left_number(regs) ((int)member(regs, syscallno))
#define syscall_is_x32(number) false
#define NATIVE_MAKES_TASK(number) ((number) == 220)
#define NATIVE_EXECS(number) ((number) == 221 || (number) == 281)
#define NATIVE_ENDS_TASK(number) ((number) == 93 || (number) == 94)
#define COMPAT_EXECS(number) ((number) == 11 || (number) == 387)
#define COMPAT_EXIT_GROUP 248
#endif

// For sure no 32-bit call, for less than it costs to ask the task. The instruction SYSCALL leaves in cx where it was,
// int 0x80 and SYSENTER do not.
static __always_inline bool syscall_left_native(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return member(regs, cx) == member(regs, ip);
#else
	return !(member(regs, pstate) & 0x10); // PSR_MODE32_BIT
#endif
}

static __always_inline bool syscall_left_compat(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return !syscall_left_native(regs) && syscall_is_compat(task_now());
#else
	return !syscall_left_native(regs);
#endif
}

// Which call was left: its number, of x32 without X32_BIT, and its ABI.
static __always_inline int syscall_left(struct pt_regs *regs, enum syscall_abi *abi)
{
	int number = syscall_left_number(regs);

	*abi = SYSCALL_NATIVE;
	if (syscall_left_compat(regs))
		*abi = SYSCALL_COMPAT;
	else if (syscall_is_x32(number))
		*abi = SYSCALL_X32;
	return *abi == SYSCALL_X32 ? number & ~X32_BIT : number;
}

static __always_inline bool syscall_failed(long ret)
{
	return (__u64)ret > -4096ULL; // include/linux/err.h: MAX_ERRNO
}

// Numbers of x32 come without X32_BIT: fork, vfork, clone or clone3.
static __always_inline bool syscall_makes_task(int number, bool compat)
{
	if (number == 435)
		return true;
	return compat ? number == 2 || number == 120 || number == 190 : NATIVE_MAKES_TASK(number);
}

// exit or exit_group.
static __always_inline bool syscall_ends_task(int number, bool compat)
{
	return compat ? number == 1 || number == COMPAT_EXIT_GROUP : NATIVE_ENDS_TASK(number);
}

static __always_inline bool syscall_is_exec(int number, bool compat)
{
	return compat ? COMPAT_EXECS(number) : NATIVE_EXECS(number);
}
