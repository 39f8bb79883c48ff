// SPDX-License-Identifier: BSD-2-Clause
// biolatency: how long requests to disks take, as a histogram.
#include "biolatency.h"
#include "base/error.h"
#include "biolatency.skel.h"
#include "cli/disk.h"
#include "cli/histogram.h"

using namespace corescope;

namespace {

struct Options {
	bool queued = false, by_disk = false, by_flags = false;
	Disk disk;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::queued>('Q', "queued", "", "count the time in the kernel's queue too"),
	option<&Options::by_disk>('D', "disks", "", "one histogram for each disk, as --by disk"),
	option<&Options::by_flags>('F', "flags", "", "one histogram for each set of flags, as --by flags"),
	option<&Options::disk>('d', "disk", "DISK", "only requests to this disk, such as vda"),
	letter_for('c', "cgroup"),
};

constexpr std::string_view kDiskLabels[] = {"disk"}, kFlagsLabels[] = {"flags"};

void name_disk(KeyedHistogram& one, const hist_key& key)
{
	const DiskNumber number{
		static_cast<uint32_t>((key.a & (IO_KEY - 1)) >> 20), static_cast<uint32_t>(key.a & 0xfffff)};
	const std::string name = number == DiskNumber{} ? "(none)" : disk_name(number);
	one.name = "disk = " + name;
	one.labels = {{"disk", name, false}};
}

// include/linux/blk_types.h: enum req_op; those that have kept their number.
constexpr std::pair<unsigned, std::string_view> kOperations[] = {{0, "Read"}, {1, "Write"}, {2, "Flush"},
	{3, "Discard"}, {5, "SecureErase"}, {9, "WriteZeroes"}, {34, "DriverIn"}, {35, "DriverOut"}};
constexpr std::pair<io_flag, std::string_view> kFlags[] = {{IO_BACKGROUND, "Background-"},
	{IO_READ_AHEAD, "ReadAhead-"}, {IO_PREFLUSH, "Preflush-"}, {IO_FUA, "ForcedUnitAccess-"},
	{IO_PRIORITY, "Priority-"}, {IO_METADATA, "Metadata-"}, {IO_SYNC, "Sync-"}};

void name_flags(KeyedHistogram& one, const hist_key& key)
{
	std::string words;
	for (const auto& [flag, word] : kFlags)
		if (key.a >> (8 + flag) & 1)
			words += word;
	std::string operation = "Operation" + std::to_string(key.a & 0xff);
	for (const auto& [number, word] : kOperations)
		if ((key.a & 0xff) == number)
			operation = word;
	words += operation;
	one.name = "flags = " + words;
	one.labels = {{"flags", words, false}};
}

constexpr HistOwnKey kKeys[] = {{"disk", kDiskLabels, name_disk}, {"flags", kFlagsLabels, name_flags}};

void prepare(const Options& o, HistSetup& setup)
{
	if (o.by_disk && o.by_flags)
		throw Error(kUsage, "--disks and --flags: only one of them can be given");
	setup.what = o.queued ? "block I/O latency with the time in the queue" : "block I/O latency";
	setup.quantity = o.queued ? "queued_latency" : "latency";
	setup.implied = {"queued"};
	if (o.by_disk || o.by_flags) {
		setup.by = o.by_disk ? "disk" : "flags";
		setup.by_option = o.by_disk ? "disks" : "flags";
	}
	const char* kWho = "a request that a kernel thread queues counts for that thread";
	setup.hooks = {{"tp_btf", {"begun", "inserted", "issued", "merged", "requeued", "completed"}},
		{"tp_btf+queue", {"inserted_of_queue", "issued_of_queue", "requeued_of_queue", "completed"}, false,
			{}, kWho},
		{"tp_btf+insert", {"inserted", "issued", "merged", "requeued", "completed"}, false, {}, kWho}};
}

void configure(biolatency_bpf& skel, const Options& o, const HistSetup&)
{
	skel.rodata->from_queue = o.queued;
	skel.rodata->only_disk = o.disk.given ? IO_DISK(o.disk.major, o.disk.minor) : 0;
}

const HistogramTool<biolatency_bpf, Options> kTool{{
	.name = "biolatency",
	.group = Group::block,
	.summary = "how long requests to disks take",
	.details = "A request counts once, when all of it is complete, for whoever began it.\n"
			   "\n"
			   "Examples:\n"
			   "  biolatency                 of all disks, until Ctrl-C\n"
			   "  biolatency -D 1 10         for each disk, each second, ten times\n"
			   "  biolatency -d vda -QF 60   of one disk, with queueing, by kind of request\n"
			   "  biolatency --by unit 60 1  which service waits for its disks",
	.options = kOptions,
	.keys = kKeys,
	.prepare = prepare,
	.configure = configure,
}};

} // namespace
