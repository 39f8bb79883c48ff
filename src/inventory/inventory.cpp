// SPDX-License-Identifier: BSD-2-Clause
// Joins ids, descriptors, pins and attachments into one picture.
#include "inventory/inventory.h"
#include "bpf/pinned_objects.h"
#include "system/cgroup.h"

#include <algorithm>
#include <ctime>
#include <set>

namespace corescope {

namespace {

constexpr int kLooks = 6;
constexpr long kBetweenLooksNs = 20'000'000; // the kernel frees what was closed after a grace period

void add_process(std::vector<HoldingProcess>& processes, const holder& by)
{
	for (const HoldingProcess& process : processes)
		if (process.pid == by.pid)
			return;
	processes.push_back({by.pid, by.comm});
}

template <class T>
T* find(std::map<uint32_t, T>& objects, uint32_t id)
{
	const auto found = objects.find(id);
	return found == objects.end() ? nullptr : &found->second;
}

class Collector {
public:
	explicit Collector(HolderWalk& walk) : walk_(walk) {}

	Inventory collect()
	{
		list();
		for (const PinnedObject& pin : pinned_objects(unseen_mounts_))
			add_pin(pin);
		for (const holder& holder : walk_.all())
			add_holder(holder);
		add_places();
		for (const auto& [id, map] : inventory_.maps) {
			for (const uint32_t prog : map.info.prog_ids)
				if (SeenProg* callee = find(inventory_.progs, prog))
					callee->arrays.push_back(id);
		}
		say_unseen();
		return std::move(inventory_);
	}

private:
	void list()
	{
		for (const uint32_t id : object_ids(ObjectKind::prog))
			if (const Descriptor fd = object_by_id(ObjectKind::prog, id))
				if (auto info = prog_info(fd.get())) {
					SeenProg& prog = inventory_.progs[id];
					prog.info = std::move(*info);
					prog.made_for = target_name(prog.info);
					prog.own = walk_.own(ObjectKind::prog, id);
				}
		for (const uint32_t id : object_ids(ObjectKind::map))
			if (const Descriptor fd = object_by_id(ObjectKind::map, id))
				if (auto info = map_info(fd.get()))
					inventory_.maps[id] = {std::move(*info), {}, {}, {}, walk_.own(ObjectKind::map, id)};
		for (const uint32_t id : object_ids(ObjectKind::link))
			if (const Descriptor fd = object_by_id(ObjectKind::link, id))
				if (auto info = link_info(fd.get(), cgroups_)) {
					if (SeenProg* prog = find(inventory_.progs, info->prog_id))
						prog->attached.push_back({info->kind, info->target, id, false});
					inventory_.links[id] = {std::move(*info), {}, {}, walk_.own(ObjectKind::link, id)};
				}
		for (const auto& [id, prog] : inventory_.progs)
			for (const uint32_t map : prog.info.map_ids)
				if (SeenMap* used = find(inventory_.maps, map))
					used->prog_ids.push_back(id);
	}

	void add_pin(const PinnedObject& pin)
	{
		if (pin.kind == ObjectKind::prog) {
			if (SeenProg* prog = find(inventory_.progs, pin.id))
				prog->pins.push_back(pin.path);
		} else if (pin.kind == ObjectKind::map) {
			if (SeenMap* map = find(inventory_.maps, pin.id))
				map->pins.push_back(pin.path);
		} else if (SeenLink* link = find(inventory_.links, pin.id)) {
			link->pins.push_back(pin.path);
			if (SeenProg* prog = find(inventory_.progs, link->info.prog_id))
				prog->pins.push_back(pin.path);
		}
	}

	void add_holder(const holder& by)
	{
		SeenProg* prog = nullptr;
		if (by.kind == HOLDS_MAP) {
			if (SeenMap* map = find(inventory_.maps, by.id))
				add_process(map->processes, by);
		} else if (by.kind == HOLDS_LINK) {
			if (SeenLink* link = find(inventory_.links, by.id)) {
				add_process(link->processes, by);
				prog = find(inventory_.progs, link->info.prog_id);
			}
		} else {
			prog = find(inventory_.progs, by.id);
		}
		if (!prog)
			return;
		add_process(prog->processes, by);
		if (by.kind == HOLDS_PERF)
			if (const auto place = perf_attachment(by))
				add_perf(*prog, *place);
	}

	// A link to a perf event and the event itself are one attachment; before 6.6 only the event says where.
	void add_perf(SeenProg& prog, const Attachment& place)
	{
		for (Attachment& known : prog.attached) {
			const SeenLink* link = find(inventory_.links, known.link_id);
			if (!link || link->info.type != BPF_LINK_TYPE_PERF_EVENT)
				continue;
			if (known.kind == "perf_event" && known.target.empty()) {
				known.kind = place.kind;
				known.target = place.target;
				return;
			}
			if (known.kind == place.kind)
				return;
		}
		for (const Attachment& known : prog.attached)
			if (known.kind == place.kind && known.target == place.target)
				return; // one event for each CPU
		prog.attached.push_back(place);
	}

	bool any_of_type(std::initializer_list<uint32_t> types)
	{
		return std::any_of(inventory_.progs.begin(), inventory_.progs.end(), [&](const auto& entry) {
			return std::find(types.begin(), types.end(), entry.second.info.type) != types.end();
		});
	}

	void add_places()
	{
		Attachments found;
		if (any_of_type({BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT}))
			find_on_devices(found, unseen_networks_);
		if (any_of_type({BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_CGROUP_DEVICE,
				BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_PROG_TYPE_CGROUP_SOCKOPT,
				BPF_PROG_TYPE_SOCK_OPS}))
			find_on_cgroups(found);
		for (const auto& [id, place] : found) {
			SeenProg* prog = find(inventory_.progs, id);
			if (!prog)
				continue;
			const auto same = std::find_if(
				prog->attached.begin(), prog->attached.end(), [&place = place](const Attachment& a) {
					return a.link_id && a.kind == place.kind && (a.kind == "xdp" || a.target == place.target);
				});
			if (same == prog->attached.end())
				prog->attached.push_back(place);
			else
				same->target = place.target; // an interface's name, where the link knows its number only
		}
	}

	void say_unseen()
	{
		if (!walk_.by_iterator())
			inventory_.not_seen.push_back(
				"this kernel takes no iterator over open files: /proc/PID/fdinfo was read");
		const auto count = [&](const char* what, unsigned n, const char* so) {
			if (n)
				inventory_.not_seen.push_back(what + std::to_string(n) + so);
		};
		count("processes whose open files may not be read: ", walk_.not_seen(),
			"; what they hold looks as if nobody did");
		count("processes whose mounts may not be read: ", unseen_mounts_,
			"; what is pinned only there is not told");
		count("network namespaces that could not be entered: ", unseen_networks_,
			"; XDP and tc in there are not told");
	}

	HolderWalk& walk_;
	CgroupResolver cgroups_;
	Inventory inventory_;
	unsigned unseen_mounts_ = 0, unseen_networks_ = 0;
};

} // namespace

bool SeenProg::lasting() const
{
	return !pins.empty() ||
		std::any_of(attached.begin(), attached.end(), [](const Attachment& a) { return a.lasting; });
}

bool SeenProg::unexplained() const { return !own && kept_by().empty(); }

std::vector<std::string> SeenProg::kept_by() const
{
	std::vector<std::string> by;
	if (!processes.empty())
		by.emplace_back("process");
	if (!pins.empty())
		by.emplace_back("pin");
	if (std::any_of(attached.begin(), attached.end(), [](const Attachment& a) { return a.lasting; }))
		by.emplace_back("attachment");
	if (!arrays.empty())
		by.emplace_back("map");
	return by;
}

std::string SeenProg::perhaps() const
{
	switch (info.type) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SK_REUSEPORT: return "a socket may have it as its filter";
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL: return "a route may have it";
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_SCHED_CLS: return "a tc action may have it";
	case BPF_PROG_TYPE_XDP: return "an entry of a devmap or cpumap may have it";
	case BPF_PROG_TYPE_FLOW_DISSECTOR: return "a network namespace may have it";
	case BPF_PROG_TYPE_SK_SKB:
	case BPF_PROG_TYPE_SK_MSG: return "a sockmap may have it";
	case BPF_PROG_TYPE_STRUCT_OPS: return "a struct_ops map may have it";
	case BPF_PROG_TYPE_LIRC_MODE2: return "a lirc device may have it";
	default: return "";
	}
}

Inventory take_inventory()
{
	object_ids(ObjectKind::prog); // privilege first: without it there is nothing to load an iterator for
	HolderWalk walk;
	Inventory inventory = Collector(walk).collect();
	const auto unexplained = [&] {
		return std::any_of(inventory.progs.begin(), inventory.progs.end(),
			[](const auto& entry) { return entry.second.unexplained() && entry.second.perhaps().empty(); });
	};
	for (int looks = 1; looks < kLooks && unexplained(); looks++) {
		const timespec pause = {0, kBetweenLooksNs};
		nanosleep(&pause, nullptr);
		inventory = Collector(walk).collect();
	}
	return inventory;
}

} // namespace corescope
