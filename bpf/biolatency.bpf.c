// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// biolatency: how long requests to block devices take, from being issued to the driver, or from being queued, until
// they are complete. Static tracepoints; a request completes in the interrupt of anybody, so whose it is, is asked
// when it begins, and kept with the moment.
#define hist_read task_read // the current one
#include "lib/hist.bpf.h"
#include "lib/request.bpf.h"

#include "biolatency.h"

const volatile bool from_queue = false;
const volatile __u64 only_disk = 0; // IO_DISK

#define ROW_UNWANTED (-2)

struct io {
	__u64 since; // 0: not yet
	int row;     // -1: none was left
	bool requeued;
};

// By the request's address. A request is one of a fixed number for each queue, used again and again.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct io);
} ios SEC(".maps");

// Whose row a request that begins here and now counts into.
static __always_inline int row_of(struct request *rq)
{
	struct task_struct *task = task_now();
	struct cgroup *charged = NULL;
	struct hist_key key = {};

	if (filter_cgroup || hist_by == HIST_BY_CGROUP)
		charged = charged_cgroup(rq, task);
	if (filter_cgroup && !(charged ? cgroup_matches(charged, false) : in_cgroup(task)))
		return ROW_UNWANTED;
	if (hist_by == HIST_BY_ALL)
		return 0;
	if (hist_by == HIST_BY_DISK)
		key.a = IO_KEY | disk_of(rq);
	else if (hist_by == HIST_BY_FLAGS)
		key.a = IO_KEY | flags_of(rq);
	else if (charged)
		key.a = BPF_CORE_READ(charged, kn, id);
	else
		hist_key_of(&key, task);
	return hist_row_index(&key, task);
}

enum step { BEGINS, QUEUED, ISSUED };

static __always_inline int on_way(struct request *rq, enum step step)
{
	__u64 at = (__u64)rq, now = step == BEGINS ? 0 : bpf_ktime_get_ns();
	struct io *known, io = {};

	if (only_disk && disk_of(rq) != only_disk)
		return 0;
	known = step == BEGINS ? NULL : bpf_map_lookup_elem(&ios, &at);
	if (!known) {
		io.since = step == QUEUED && !from_queue ? 0 : now;
		io.row = row_of(rq);
		if (bpf_map_update_elem(&ios, &at, &io, BPF_ANY))
			count_loss(LOSS_TABLE_FULL);
	} else if (step == QUEUED && from_queue && !(known->requeued && known->since)) {
		known->since = now;
	} else if (step == ISSUED && (!from_queue || !known->since)) {
		known->since = now;
	}
	return 0;
}

static __always_inline int forget(struct request *rq)
{
	__u64 at = (__u64)rq;

	bpf_map_delete_elem(&ios, &at);
	return 0;
}

// The driver gave it back: it will be queued and issued once more.
static __always_inline int comes_back(struct request *rq)
{
	__u64 at = (__u64)rq;
	struct io *io = bpf_map_lookup_elem(&ios, &at);

	if (io)
		io->requeued = true;
	return 0;
}

// Where it is known who asks for what, before it waits for others to be merged with it. Since 6.5.
TRACEPOINT("block_io_start")
int BPF_PROG(begun, struct request *rq) { return on_way(rq, BEGINS); }

TRACEPOINT("block_rq_insert")
int BPF_PROG(inserted, struct request *rq) { return on_way(rq, QUEUED); }

TRACEPOINT("block_rq_issue")
int BPF_PROG(issued, struct request *rq) { return on_way(rq, ISSUED); }

// Its bios now belong to another request, which counts as one, for whoever began it.
TRACEPOINT("block_rq_merge")
int BPF_PROG(merged, struct request *rq) { return forget(rq); }

TRACEPOINT("block_rq_requeue")
int BPF_PROG(requeued, struct request *rq) { return comes_back(rq); }

// Before 5.11, and 5.10.137 of the stable series, the queue comes first.
TRACEPOINT("block_rq_insert")
int BPF_PROG(inserted_of_queue, struct request_queue *q, struct request *rq) { return on_way(rq, QUEUED); }

TRACEPOINT("block_rq_issue")
int BPF_PROG(issued_of_queue, struct request_queue *q, struct request *rq) { return on_way(rq, ISSUED); }

TRACEPOINT("block_rq_requeue")
int BPF_PROG(requeued_of_queue, struct request_queue *q, struct request *rq) { return comes_back(rq); }

// A request may complete in parts; the last one counts. The type of the error has changed, its place has not.
TRACEPOINT("block_rq_complete")
int BPF_PROG(completed, struct request *rq, int error, unsigned int bytes)
{
	struct hist_cpu *cpu = hist_this_cpu();
	__u64 at = (__u64)rq, ns;
	struct io *io = bpf_map_lookup_elem(&ios, &at);

	if (!io || !cpu || (__u32)bytes < member(rq, __data_len))
		return 0;
	if (io->since && io->row != ROW_UNWANTED) {
		ns = bpf_ktime_get_ns() - io->since;
		// Completions interrupt each other.
		if (hist_by == HIST_BY_ALL)
			hist_count_shared(&cpu->counts, ns, hist_milliseconds ? 1000000 : 1000);
		else
			hist_record_row(io->row, ns);
	}
	bpf_map_delete_elem(&ios, &at);
	return 0;
}
