// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// opensnoop: open, creat, openat and openat2, at their exit only. What they were given still stands in the saved
// registers, and the path is resident because the kernel has just read it. The hook has variants, since each costs others
// something else: fexit nothing; the tracepoints of the four calls slow every system call of every process a little;
// sys_exit a little more, but needs no tracefs, and it alone sees calls of 32-bit programs.
#include "lib/event.bpf.h"
#include "lib/file.bpf.h"
#include "lib/filter.bpf.h"
#include "lib/path.bpf.h"
#include "lib/syscall.bpf.h"
#include "lib/view.bpf.h"

#include "opensnoop.h"

#define AT_FDCWD (-100)
#define ENAMETOOLONG 36
#define O_CREAT 0100
#define O_WRONLY 01
#define O_TRUNC 01000

const volatile __u32 only_pid = 0;
const volatile __u32 only_tid = 0;
const volatile bool by_uid = false;
const volatile __u32 only_uid = 0;
const volatile bool only_failed = false;
const volatile bool want_base = false;

#if defined(__TARGET_ARCH_x86)
#define native_open(number) ((number) == 2 || (number) == 85 || (number) == 257 || (number) == 437)
#define compat_open(number) ((number) == 5 || (number) == 8 || (number) == 295 || (number) == 437)
#define call_of(number, compat)                              \
	((number) == 437                          ? OPEN_OPENAT2 \
			: (number) == ((compat) ? 5 : 2)  ? OPEN_OPEN    \
			: (number) == ((compat) ? 8 : 85) ? OPEN_CREAT   \
											  : OPEN_OPENAT)
#else
#define native_open(number) ((number) == 56 || (number) == 437)
#define compat_open(number) ((number) == 5 || (number) == 8 || (number) == 322 || (number) == 437)
#define call_of(number, compat)                        \
	((number) == 437                    ? OPEN_OPENAT2 \
			: (compat) && (number) == 5 ? OPEN_OPEN    \
			: (compat) && (number) == 8 ? OPEN_CREAT   \
										: OPEN_OPENAT)
#endif

// A call's arguments, wherever they came from.
struct open_request {
	const char *path;
	__u64 how, resolve;
	__u32 mode;
	int dirfd;
	__u16 call, flags;
};

static __always_inline void read_request(
	struct open_request *r, struct pt_regs *regs, long number, bool compat)
{
	__u64 a = compat ? syscall_compat_arg1(regs) : syscall_arg1(regs);
	__u64 b = compat ? syscall_compat_arg2(regs) : syscall_arg2(regs);
	__u64 c = compat ? syscall_compat_arg3(regs) : syscall_arg3(regs);
	__u64 d = compat ? syscall_compat_arg4(regs) : syscall_arg4(regs);
	struct open_how how = {};

	r->call = call_of(number, compat);
	r->flags = 0;
	r->resolve = 0;
	if (r->call == OPEN_OPEN || r->call == OPEN_CREAT) {
		r->dirfd = AT_FDCWD;
		r->path = (void *)a;
		r->how = r->call == OPEN_CREAT ? O_CREAT | O_WRONLY | O_TRUNC : (__u32)b;
		r->mode = r->call == OPEN_CREAT ? b : c;
		return;
	}
	r->dirfd = a;
	r->path = (void *)b;
	r->how = (__u32)c;
	r->mode = d;
	if (r->call != OPEN_OPENAT2)
		return;
	if (d < sizeof(how) || bpf_probe_read_user(&how, sizeof(how), (void *)c) < 0)
		r->flags |= OPEN_HOW_UNREADABLE;
	r->how = how.flags;
	r->mode = how.mode;
	r->resolve = how.resolve;
}

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
	struct task_struct *task, const struct open_request *r, long ret, const __u32 room, bool loop)
{
	struct opensnoop_event *e = event_reserve(sizeof(*e) + room + (want_base ? PATH_ROOM : 0));
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
	e->flags = r->flags |
		(n < 0                                                 ? OPEN_PATH_UNREADABLE
				: n == OPEN_PATH_BYTES && ret == -ENAMETOOLONG ? OPEN_PATH_CUT
															   : 0);
	e->path_len = n < 0 ? 0 : n;
	e->base_at = room;
	e->base_len = 0;
	task_comm(e->comm, task);
	if (want_base && n > 0 && e->data[0] != '/')
		fill_base(e, task, room, r->dirfd, loop);
	event_submit(e);
	return true;
}

static __always_inline int opened(
	struct task_struct *now, struct pt_regs *regs, long number, bool compat, long ret, bool loop)
{
	struct task_struct *task = view(now);
	struct open_request r;

	if ((only_failed && ret >= 0) || (only_pid && task_read(task, tgid) != (int)only_pid) ||
		(only_tid && task_read(task, pid) != (int)only_tid) ||
		(by_uid && task_read(task, cred, uid.val) != only_uid) || !in_cgroup(task))
		return 0;
	read_request(&r, regs, number, compat);
	if (!tell(task, &r, ret, 64, loop) && !tell(task, &r, ret, 256, loop))
		tell(task, &r, ret, OPEN_PATH_BYTES, loop);
	return 0;
}

#define ON_EXIT(name, suffix, loop)                                              \
	SEC("fexit/" SYSCALL_FUNCTION(name))                                         \
	int BPF_PROG(fexit_##name##suffix, struct pt_regs *regs, long ret)           \
	{                                                                            \
		return opened(task_now(), regs, syscall_number(regs), false, ret, loop); \
	}

// Each twice: with bpf_loop, and for kernels that have none.
#define HOOKS(suffix, loop)                                                       \
	ON_EXIT(openat, suffix, loop)                                                 \
	ON_EXIT(openat2, suffix, loop)                                                \
	SEC("tp/syscalls/sys_exit_openat")                                            \
	int tp_exit##suffix(struct trace_event_raw_sys_exit *ctx)                     \
	{                                                                             \
		struct task_struct *now = task_now();                                     \
                                                                                  \
		return opened(now, syscall_regs(now), ctx->id, false, ctx->ret, loop);    \
	}                                                                             \
	TRACEPOINT("sys_exit")                                                        \
	int BPF_PROG(any_exit##suffix, struct pt_regs *regs, long ret)                \
	{                                                                             \
		long number = syscall_number(regs);                                       \
		struct task_struct *now;                                                  \
		bool compat;                                                              \
                                                                                  \
		if (!native_open(number) && !compat_open(number)) /* before any helper */ \
			return 0;                                                             \
		now = task_now();                                                         \
		compat = syscall_is_compat(now);                                          \
		if (compat ? !compat_open(number) : !native_open(number))                 \
			return 0;                                                             \
		return opened(now, regs, number, compat, ret, loop);                      \
	}

HOOKS(, true)
HOOKS(_unrolled, false)

#if defined(__TARGET_ARCH_x86)
ON_EXIT(open, , true)
ON_EXIT(creat, , true)
ON_EXIT(open, _unrolled, false)
ON_EXIT(creat, _unrolled, false)
#endif
