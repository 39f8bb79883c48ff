// SPDX-License-Identifier: BSD-2-Clause
// See object_watch.h.
#include "inventory/object_watch.h"

#include "bpf/attachments.h"

#include <bpf/bpf.h>

#include <algorithm>

namespace corescope {

ObjectWatch::ObjectWatch() : kinds_{begin(ObjectKind::map), begin(ObjectKind::link)} {}

ObjectWatch::Kind ObjectWatch::begin(ObjectKind kind)
{
	const uint32_t ticket = take_ticket(kind);
	Kind begun{kind, IdAccount(others(kind, ticket), ticket), ticket, {}, {}};
	for (const uint32_t id : others(kind, ticket))
		begun.known[id] = learn(kind, id);
	return begun;
}

std::vector<uint32_t> ObjectWatch::others(ObjectKind kind, uint32_t ticket)
{
	std::vector<uint32_t> ids = object_ids(kind);
	std::erase_if(ids, [&](uint32_t id) { return id == ticket || walk_.own(kind, id); });
	return ids;
}

// Its id, or 0 where it cannot be made. It is closed again at once.
uint32_t ObjectWatch::take_ticket(ObjectKind kind)
{
	const Descriptor made = kind == ObjectKind::map
		? Descriptor(bpf_map_create(BPF_MAP_TYPE_ARRAY, "progs_watch", 4, 4, 1, nullptr))
		: walk_.another_link();
	const auto object = made ? object_of(made.get()) : std::nullopt;
	return object ? object->id : 0;
}

WatchedObject ObjectWatch::learn(ObjectKind kind, uint32_t id)
{
	WatchedObject object{kind, id};
	const Descriptor fd = object_by_id(kind, id);
	if (!fd)
		return object;
	if (kind == ObjectKind::map) {
		if (auto info = map_info(fd.get())) {
			object.map = std::move(*info);
			object.known = true;
		}
	} else if (auto info = link_info(fd.get(), cgroups_)) {
		object.link = std::move(*info);
		object.known = true;
		if (const Descriptor prog = object_by_id(ObjectKind::prog, object.link.prog_id))
			if (auto prog_is = prog_info(prog.get()))
				object.prog_name = std::move(prog_is->name);
	}
	return object;
}

void ObjectWatch::find_holder(WatchedObject& object)
{
	if (!walked_)
		holders_ = walk_.all();
	walked_ = true;
	const uint32_t kind = object.kind == ObjectKind::map ? HOLDS_MAP : HOLDS_LINK;
	for (const holder& by : holders_)
		if (by.kind == kind && by.id == object.id) {
			object.pid = by.pid;
			object.comm = by.comm;
			return;
		}
}

void ObjectWatch::look(bool to_the_end, const std::function<void(const WatchedObject&, bool came)>& each)
{
	walked_ = false;
	for (Kind& kind : kinds_) {
		if (to_the_end)
			if (const uint32_t ticket = take_ticket(kind.kind))
				kind.ticket = ticket;
		const std::vector<uint32_t> present = others(kind.kind, kind.ticket);
		std::vector<IdChange> changes;
		for (const uint32_t id : kind.unready)
			changes.push_back({id, true});
		kind.unready.clear();
		for (const IdChange& change : kind.account.look(present, to_the_end ? kind.ticket : 0))
			changes.push_back(change);
		for (const IdChange& change : changes) {
			if (change.came) {
				WatchedObject object = learn(kind.kind, change.id);
				// A link has an id before it can be asked for.
				if (!object.known && std::binary_search(present.begin(), present.end(), change.id)) {
					kind.unready.insert(change.id);
					continue;
				}
				if (object.known)
					find_holder(object);
				each(kind.known[change.id] = std::move(object), true);
			} else {
				if (kind.unready.erase(change.id))
					each({kind.kind, change.id}, true);
				const auto known = kind.known.find(change.id);
				each(known == kind.known.end() ? WatchedObject{kind.kind, change.id} : known->second, false);
				kind.known.erase(change.id);
			}
		}
	}
}

} // namespace corescope
