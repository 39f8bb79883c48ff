// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// execsnoop: successful execs from sched_process_exec, where the new arguments lie contiguous and resident in the new
// address space: one read, no map between entry and exit, nothing paid by anybody who does not exec. Failed execs,
// only when asked for, at the exit of the two system calls.
#include "lib/argv.bpf.h"
#include "lib/event.bpf.h"
#include "lib/path.bpf.h"
#include "lib/syscall.bpf.h"
#include "lib/task_filter.bpf.h"
#include "lib/view.bpf.h"

#include "execsnoop.h"

const volatile __u32 max_arg_bytes = 4096; // 0: arguments are not read at all
const volatile bool want_file = false;     // the path given to the call
const volatile bool want_paths = false;    // exe and cwd

#define FILE_ROOM PATH_ROOM
#define PATHS_ROOM (3 * PATH_ROOM)

static __always_inline void fill_task(struct execsnoop_event *e, struct task_struct *task, __u32 tid, int ret)
{
	e->ts = bpf_ktime_get_boot_ns();
	e->cgroup = task_cgroup(task);
	e->pid = task_read(task, tgid);
	e->tid = tid;
	e->nspid = task_nspid(task);
	e->ppid = task_read(task, real_parent, tgid);
	e->uid = task_read(task, cred, uid.val);
	e->gid = task_read(task, cred, gid.val);
	e->ret = ret;
	e->flags = e->args_total = e->args_len = e->file_len = e->exe_len = e->cwd_len = 0;
	task_comm(e->comm, task);
	task_comm(e->pcomm, task_read(task, real_parent, group_leader));
}

// The length stays in the record, so that the verifier does not explore what comes after for each.
static __always_inline void fill_file(struct execsnoop_event *e, long size)
{
	if (size > 0)
		e->file_len = size;
	if (size == PATH_ROOM)
		e->flags |= EXEC_FILE_CUT;
}

// file: a kernel string. All offsets are below `room`, the constant number of bytes behind the record's head.
static __always_inline void fill_paths(struct execsnoop_event *e, struct task_struct *task, const char *file,
	const struct path *exe, __u32 room, bool loop)
{
	const struct exe_and_cwd out = {&e->exe_len, &e->cwd_len, &e->flags, EXEC_EXE_CUT, EXEC_CWD_CUT};
	__u32 at = opaque(e->args_len);

	if (!want_file || at > room - FILE_ROOM)
		return;
	fill_file(e, bpf_probe_read_kernel_str(e->data + at, PATH_ROOM, file));
	if (!want_paths)
		return;
	e->flags |= EXEC_PATHS;
	read_exe_and_cwd(&out, task, exe, e->data, at + (e->file_len & (2 * PATH_ROOM - 1)), room, loop);
}

// One size of record. args: bytes of argument room; the paths' room comes on top.
static __always_inline int tell_exec(
	struct task_struct *task, __u32 tid, struct linux_binprm *bprm, __u32 args, bool loop)
{
	const __u32 room = args + (want_paths ? PATHS_ROOM : want_file ? FILE_ROOM : 0);
	struct execsnoop_event *e = event_reserve(sizeof(*e) + room);

	if (!e)
		return 0;
	fill_task(e, task, tid, 0);
	e->args_len = read_args(task, e->data, max_arg_bytes, args, &e->args_total, &e->flags);
	fill_paths(e, task, member(bprm, filename), &member(bprm, file)->f_path, room, loop);
	event_submit(e);
	return 0;
}

static __always_inline int executed(
	struct task_struct *whom, pid_t old_pid, struct linux_binprm *binary, bool loop)
{
	struct task_struct *task = view(whom);
	struct linux_binprm *bprm = view(binary);
	__u64 len;

	if (!is_wanted(task))
		return 0;
	len = args_bytes(task, max_arg_bytes);
	// The verifier wants constant sizes; these waste little, and each is verified anew.
	if (len <= 256 && !want_paths)
		return tell_exec(task, old_pid, bprm, 256, loop);
	if (len <= 1024)
		return tell_exec(task, old_pid, bprm, 1024, loop);
	if (len <= 4096)
		return tell_exec(task, old_pid, bprm, 4096, loop);
	return tell_exec(task, old_pid, bprm, EXEC_MAX_ARG_BYTES, loop);
}

static __always_inline int tell_failed(
	int ret, const char *file, const char *const *argv, const __u32 room, bool loop)
{
	struct task_struct *task = view(task_now());
	struct execsnoop_event *e;
	__u32 used = 0;

	if (!is_wanted(task))
		return 0;
	e = event_reserve(sizeof(*e) + 2 * room + FILE_ROOM);
	if (!e)
		return 0;
	fill_task(e, task, task_read(task, pid), ret);
	if (max_arg_bytes && argv) { // the kernel takes no vector for an empty one
		struct argv_walk walk = {argv, e->data, &e->args_len, &e->flags, max_arg_bytes};

		used = argv_read(&walk, room, loop);
	}
	if (want_file)
		fill_file(e, bpf_probe_read_user_str(e->data + opaque(used), PATH_ROOM, file));
	event_submit(e);
	return 0;
}

static __always_inline int failed(int ret, unsigned long file, unsigned long argv, bool loop)
{
	return max_arg_bytes > ARGV_SMALL ? tell_failed(ret, (void *)file, (void *)argv, ARGV_LARGE, loop)
									  : tell_failed(ret, (void *)file, (void *)argv, ARGV_SMALL, loop);
}

// Each twice: with bpf_loop, and for kernels that have none.
#define HOOKS(suffix, loop)                                                                              \
	TRACEPOINT("sched_process_exec")                                                                     \
	int BPF_PROG(exec_done##suffix, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)  \
	{                                                                                                    \
		return executed(task, old_pid, bprm, loop);                                                      \
	}                                                                                                    \
	SEC("tp/syscalls/sys_exit_execve") int exec_failed##suffix(struct trace_event_raw_sys_exit *ctx)     \
	{                                                                                                    \
		struct pt_regs *regs = syscall_regs(task_now());                                                 \
                                                                                                         \
		return ctx->ret < 0 ? failed(ctx->ret, syscall_arg1(regs), syscall_arg2(regs), loop) : 0;        \
	}                                                                                                    \
	SEC("tp/syscalls/sys_exit_execveat") int execat_failed##suffix(struct trace_event_raw_sys_exit *ctx) \
	{                                                                                                    \
		struct pt_regs *regs = syscall_regs(task_now());                                                 \
                                                                                                         \
		return ctx->ret < 0 ? failed(ctx->ret, syscall_arg2(regs), syscall_arg3(regs), loop) : 0;        \
	}

HOOKS(, true)
HOOKS(_unrolled, false)
