// SPDX-License-Identifier: BSD-2-Clause
// What the rows of a table are for: columns, cgroups that are added up, and the names of those who live.
#include "cli/row_by.h"

#include "system/process.h"

namespace corescope {

uint32_t kernel_row_by(RowBy by)
{
	if (by >= RowBy::own)
		return ROW_BY_OWN + (static_cast<uint32_t>(by) - static_cast<uint32_t>(RowBy::own));
	switch (by) {
	case RowBy::pid: return ROW_BY_PID;
	case RowBy::tid: return ROW_BY_TID;
	case RowBy::comm: return ROW_BY_COMM;
	default: return ROW_BY_CGROUP;
	}
}

std::span<const std::string_view> row_columns(RowBy by)
{
	static constexpr std::string_view kPid[] = {"pid", "comm"}, kTid[] = {"tid", "comm"}, kComm[] = {"comm"},
									  kCgroup[] = {"cgroup"}, kUnit[] = {"unit"},
									  kContainer[] = {"container"}, kPod[] = {"pod"};
	switch (by) {
	case RowBy::pid: return kPid;
	case RowBy::tid: return kTid;
	case RowBy::comm: return kComm;
	case RowBy::cgroup: return kCgroup;
	case RowBy::unit: return kUnit;
	case RowBy::container: return kContainer;
	case RowBy::pod: return kPod;
	default: return {};
	}
}

std::string_view cgroup_group(uint64_t cgroup_id, RowBy by, const FieldContext& context)
{
	const CgroupPart part = by == RowBy::unit ? CgroupPart::unit
		: by == RowBy::pod                    ? CgroupPart::pod
											  : CgroupPart::container;
	return cgroup_part(cgroup_id, context, part).bytes;
}

void refine_task(const row_key& key, row_task& task)
{
	if (!task.comm[0])
		return;
	if (const auto living = process_name(static_cast<pid_t>(key.a), key.b)) {
		std::memset(task.comm, 0, sizeof(task.comm));
		living->copy(task.comm, sizeof(task.comm) - 1);
	}
}

} // namespace corescope
