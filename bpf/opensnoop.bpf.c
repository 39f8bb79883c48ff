// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// opensnoop: open, creat, openat and openat2, at their exit only. What they were given still stands in the saved
// registers, and the path is resident because the kernel has just read it. The hook has variants, since each costs others
// something else: fexit nothing; the tracepoints of the four calls slow every system call of every process a little;
// sys_exit a little more, but needs no tracefs, and it alone sees calls of 32-bit programs.
#include "lib/callers.bpf.h"
#include "lib/event.bpf.h"
#include "lib/file.bpf.h"
#include "lib/open_call.bpf.h"
#include "lib/path.bpf.h"
#include "lib/task_filter.bpf.h"
#include "lib/view.bpf.h"

#include "opensnoop.h"

#define ENAMETOOLONG 36

const volatile bool only_failed = false;
const volatile bool want_base = false;
const volatile bool want_callers = false;

static __always_inline void fill_base(
	struct opensnoop_event *e, struct task_struct *task, __u32 room, int dirfd, bool loop)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *base = &fs->pwd;

	if (dirfd != AT_FDCWD) {
		struct file *file = file_by_descriptor(task, dirfd);

		if (!file)
			return;
		base = &file->f_path;
	}
	e->flags |= OPEN_BASE;
	if (!read_path(e->data + room, &e->base_len, base, &fs->root, loop))
		e->flags |= OPEN_BASE_CUT;
}

// One size of record; false if the path may be longer. room: a constant.
static __always_inline bool tell(
	void *ctx, struct task_struct *task, const struct open_request *r, long ret, const __u32 room, bool loop)
{
	const __u32 rooms = room + (want_base ? PATH_ROOM : 0);
	struct opensnoop_event *e =
		event_reserve(sizeof(*e) + rooms + (want_callers ? sizeof(struct user_callers) : 0));
	long n;

	if (!e)
		return true;
	n = bpf_probe_read_user_str(e->data, room, r->path);
	if (n == room && room < OPEN_PATH_BYTES) {
		event_discard(e);
		return false;
	}
	e->ts = bpf_ktime_get_boot_ns();
	e->cgroup = task_cgroup(task);
	e->how = r->how;
	e->resolve = r->resolve;
	e->mode = r->mode;
	e->pid = task_read(task, tgid);
	e->tid = task_read(task, pid);
	e->nspid = task_read(task, thread_pid, level) ? task_nspid(task) : e->pid;
	e->ppid = task_read(task, real_parent, tgid);
	e->uid = task_read(task, cred, uid.val);
	e->ret = ret;
	e->dirfd = r->dirfd;
	e->call = r->call;
	e->flags = (r->how_unreadable ? OPEN_HOW_UNREADABLE : 0) |
		(n < 0                                                 ? OPEN_PATH_UNREADABLE
				: n == OPEN_PATH_BYTES && ret == -ENAMETOOLONG ? OPEN_PATH_CUT
															   : 0);
	e->path_len = n < 0 ? 0 : n;
	e->base_at = room;
	e->base_len = 0;
	e->callers_at = want_callers ? rooms : 0;
	if (want_callers)
		read_callers((void *)(e->data + rooms), ctx, task);
	task_comm(e->comm, task);
	if (want_base && n > 0 && e->data[0] != '/')
		fill_base(e, task, room, r->dirfd, loop);
	event_submit(e);
	return true;
}

static __always_inline int opened(
	void *ctx, struct task_struct *now, struct pt_regs *regs, long number, bool compat, long ret, bool loop)
{
	struct task_struct *task = view(now);
	struct open_request r;

	if ((only_failed && ret >= 0) || !is_wanted(task))
		return 0;
	read_open_request(&r, regs, number, compat);
	if (!tell(ctx, task, &r, ret, 64, loop) && !tell(ctx, task, &r, ret, 256, loop))
		tell(ctx, task, &r, ret, OPEN_PATH_BYTES, loop);
	return 0;
}

#define ON_EXIT(name, suffix, loop)                                                   \
	SEC("fexit/" SYSCALL_FUNCTION(name))                                              \
	int BPF_PROG(fexit_##name##suffix, struct pt_regs *regs, long ret)                \
	{                                                                                 \
		return opened(ctx, task_now(), regs, syscall_number(regs), false, ret, loop); \
	}

// Each twice: with bpf_loop, and for kernels that have none.
#define HOOKS(suffix, loop)                                                         \
	ON_EXIT(openat, suffix, loop)                                                   \
	ON_EXIT(openat2, suffix, loop)                                                  \
	SEC("tp/syscalls/sys_exit_openat")                                              \
	int tp_exit##suffix(struct trace_event_raw_sys_exit *ctx)                       \
	{                                                                               \
		struct task_struct *now = task_now();                                       \
                                                                                    \
		return opened(ctx, now, syscall_regs(now), ctx->id, false, ctx->ret, loop); \
	}                                                                               \
	TRACEPOINT("sys_exit")                                                          \
	int BPF_PROG(any_exit##suffix, struct pt_regs *regs, long ret)                  \
	{                                                                               \
		long number = syscall_number(regs);                                         \
		struct task_struct *now;                                                    \
		bool compat;                                                                \
                                                                                    \
		if (!native_open(number) && !compat_open(number)) /* before any helper */   \
			return 0;                                                               \
		now = task_now();                                                           \
		compat = syscall_is_compat(now);                                            \
		if (compat ? !compat_open(number) : !native_open(number))                   \
			return 0;                                                               \
		return opened(ctx, now, regs, number, compat, ret, loop);                   \
	}

HOOKS(, true)
HOOKS(_unrolled, false)

#if defined(__TARGET_ARCH_x86)
ON_EXIT(open, , true)
ON_EXIT(creat, , true)
ON_EXIT(open, _unrolled, false)
ON_EXIT(creat, _unrolled, false)
#endif
