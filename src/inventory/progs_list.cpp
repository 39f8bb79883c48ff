// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs`, once: programs, maps or links as a table or CSV, all three as JSON.
#include "inventory/progs.h"

#include "cli/tool.h"
#include "output/escape.h"
#include "output/listing.h"
#include "system/users.h"

#include <cstdio>
#include <map>

namespace corescope {

namespace {

struct ProgRow {
	const SeenProg* prog;
	std::string type, user, kept, kept_text, perhaps, pins, attached, processes, maps;
};
struct MapRow {
	const SeenMap* map;
	std::string type, pins, processes, progs;
};
struct LinkRow {
	const SeenLink* link;
	std::string type, name, pins, processes;
};

std::string joined(const std::vector<std::string>& items)
{
	std::string list;
	for (const std::string& item : items)
		list += item + '\0';
	return list;
}

template <class Row, auto Member>
ListValue list_of(const Row& row, const FieldContext&)
{
	return Value::list(row.*Member);
}
template <class Row, auto Member>
TextValue text_of(const Row& row, const FieldContext&)
{
	const std::string& text = row.*Member;
	return text.empty() ? Value::none() : Value::text(text);
}
template <auto Member>
NumberValue prog_number(const ProgRow& row, const FieldContext&)
{
	return Value::number(uint64_t{row.prog->info.*Member});
}
template <auto Member>
NumberValue map_number(const MapRow& row, const FieldContext&)
{
	return Value::number(uint64_t{row.map->info.*Member});
}
template <auto Member>
NumberValue link_number(const LinkRow& row, const FieldContext&)
{
	return Value::number(uint64_t{row.link->info.*Member});
}
template <auto Member>
TextValue link_text(const LinkRow& row, const FieldContext&)
{
	return Value::text(row.link->info.*Member);
}

TextValue prog_name(const ProgRow& r, const FieldContext&) { return Value::text(r.prog->info.name); }
TextValue prog_tag(const ProgRow& r, const FieldContext&) { return Value::word(r.prog->info.tag); }
TypedValue<FieldType::time> prog_loaded(const ProgRow& r, const FieldContext&)
{
	return Value::time(r.prog->info.loaded_boot_ns);
}
NumberValue prog_insns(const ProgRow& r, const FieldContext&)
{
	return Value::number(r.prog->info.xlated_bytes / 8);
}
BooleanValue prog_gpl(const ProgRow& r, const FieldContext&) { return Value::boolean(r.prog->info.gpl); }
TextValue prog_made_for(const ProgRow& r, const FieldContext&)
{
	return r.prog->made_for.empty() ? Value::none() : Value::text(r.prog->made_for);
}
BooleanValue prog_lasting(const ProgRow& r, const FieldContext&) { return Value::boolean(r.prog->lasting()); }
BooleanValue prog_unexplained(const ProgRow& r, const FieldContext&)
{
	return Value::boolean(r.prog->unexplained());
}
BooleanValue prog_own(const ProgRow& r, const FieldContext&) { return Value::boolean(r.prog->own); }

using P = KernelProg;
constexpr Field kProgFields[] = {
	computed<ProgRow, prog_number<&P::id>>("ID", "id", 5, kEverywhere | kRight, "the kernel's number"),
	computed<ProgRow, text_of<ProgRow, &ProgRow::type>>("TYPE", "prog_type", 12, kEverywhere, "its type"),
	computed<ProgRow, prog_name>("NAME", "name", 16, kEverywhere, "its name, whole"),
	computed<ProgRow, prog_tag>(nullptr, "tag", 0, kInData, "a hash over its instructions"),
	computed<ProgRow, text_of<ProgRow, &ProgRow::user>>(
		"USER", "user", 8, kInTable | kIfRoom, "who loaded it"),
	computed<ProgRow, prog_number<&P::uid>>(nullptr, "uid", 0, kInData, "who loaded it"),
	computed<ProgRow, prog_loaded>("LOADED", "loaded", 20, kEverywhere | kIfRoom, "when, UTC"),
	computed<ProgRow, prog_insns>("INSNS", "insns", 6, kEverywhere | kRight | kIfRoom, "instructions"),
	computed<ProgRow, prog_number<&P::verified_insns>>(
		nullptr, "verified_insns", 0, kInData, "instructions that the verifier walked through"),
	computed<ProgRow, prog_number<&P::jited_bytes>>(
		"JITED", "jited_bytes", 6, kEverywhere | kRight | kIfRoom, "bytes of machine code"),
	computed<ProgRow, prog_number<&P::memory_bytes>>("MEMORY", "memory_bytes", 7,
		kEverywhere | kRight | kIfRoom, "bytes of memory that it is charged for"),
	computed<ProgRow, prog_gpl>(nullptr, "gpl", 0, kInData, "its licence is compatible with the GPL"),
	computed<ProgRow, prog_number<&P::btf_id>>(nullptr, "btf_id", 0, kInData, "of its types, 0 for none"),
	computed<ProgRow, prog_made_for>(
		nullptr, "made_for", 0, kInData, "the hook or function it was loaded for"),
	computed<ProgRow, list_of<ProgRow, &ProgRow::maps>>(
		"MAPS", "map_ids", 8, kInTable | kFlat | kIfRoom, "maps that it uses"),
	computed<ProgRow, text_of<ProgRow, &ProgRow::kept_text>>("KEPT", "kept", 8, kInTable, "what keeps it"),
	computed<ProgRow, list_of<ProgRow, &ProgRow::kept>>(nullptr, "kept_by", 0, kInData, "what keeps it"),
	computed<ProgRow, prog_lasting>(nullptr, "lasting", 0, kInData, "it stays when every process has ended"),
	computed<ProgRow, prog_unexplained>(
		nullptr, "unexplained", 0, kInData, "nothing that can be seen keeps it"),
	computed<ProgRow, text_of<ProgRow, &ProgRow::perhaps>>(
		nullptr, "perhaps", 0, kInData, "what may keep it without the kernel telling"),
	computed<ProgRow, prog_own>(nullptr, "own", 0, kInData, "of corescope itself, for this list"),
	computed<ProgRow, list_of<ProgRow, &ProgRow::processes>>(
		"PROCESSES", "processes", 12, kInTable | kFlat, "that hold it or its link"),
	computed<ProgRow, list_of<ProgRow, &ProgRow::pins>>(
		"PINNED", "pins", 8, kEverywhere, "paths at which it or its link is pinned"),
	computed<ProgRow, list_of<ProgRow, &ProgRow::attached>>(
		"ATTACHED", "attached", 0, kInTable | kFlat, "to what"),
};

TextValue map_name(const MapRow& r, const FieldContext&) { return Value::text(r.map->info.name); }
BooleanValue map_own(const MapRow& r, const FieldContext&) { return Value::boolean(r.map->own); }

using M = KernelMap;
constexpr Field kMapFields[] = {
	computed<MapRow, map_number<&M::id>>("ID", "id", 5, kEverywhere | kRight, "the kernel's number"),
	computed<MapRow, text_of<MapRow, &MapRow::type>>("TYPE", "map_type", 12, kEverywhere, "its type"),
	computed<MapRow, map_name>("NAME", "name", 16, kEverywhere, "its name, as the kernel cut it"),
	computed<MapRow, map_number<&M::key_bytes>>(
		"KEY", "key_bytes", 4, kEverywhere | kRight, "bytes of a key"),
	computed<MapRow, map_number<&M::value_bytes>>(
		"VALUE", "value_bytes", 6, kEverywhere | kRight, "bytes of a value"),
	computed<MapRow, map_number<&M::max_entries>>(
		"ENTRIES", "max_entries", 8, kEverywhere | kRight, "at most"),
	computed<MapRow, map_number<&M::flags>>(nullptr, "flags", 0, kInData, "BPF_F_…"),
	computed<MapRow, map_number<&M::memory_bytes>>(
		"MEMORY", "memory_bytes", 8, kEverywhere | kRight, "bytes"),
	computed<MapRow, map_number<&M::btf_id>>(nullptr, "btf_id", 0, kInData, "of its types, 0 for none"),
	computed<MapRow, map_own>(nullptr, "own", 0, kInData, "of corescope itself, for this list"),
	computed<MapRow, list_of<MapRow, &MapRow::progs>>(
		"PROGS", "prog_ids", 8, kInTable | kFlat, "programs that use it"),
	computed<MapRow, list_of<MapRow, &MapRow::processes>>(
		"PROCESSES", "processes", 12, kInTable | kFlat, "that hold it by a descriptor"),
	computed<MapRow, list_of<MapRow, &MapRow::pins>>(
		"PINNED", "pins", 0, kEverywhere, "paths at which it is pinned"),
};

BooleanValue link_own(const LinkRow& r, const FieldContext&) { return Value::boolean(r.link->own); }

using L = KernelLink;
constexpr Field kLinkFields[] = {
	computed<LinkRow, link_number<&L::id>>("ID", "id", 5, kEverywhere | kRight, "the kernel's number"),
	computed<LinkRow, text_of<LinkRow, &LinkRow::type>>("TYPE", "link_type", 12, kEverywhere, "its type"),
	computed<LinkRow, link_number<&L::prog_id>>(
		"PROG", "prog_id", 5, kEverywhere | kRight, "the program behind it"),
	computed<LinkRow, text_of<LinkRow, &LinkRow::name>>(
		"NAME", "prog_name", 16, kEverywhere, "that program's name"),
	computed<LinkRow, link_text<&L::kind>>("KIND", "kind", 10, kEverywhere, "as a section would begin"),
	computed<LinkRow, link_text<&L::target>>("TARGET", "target", 20, kEverywhere, "what it is attached to"),
	computed<LinkRow, link_number<&L::cgroup_id>>(nullptr, "cgroup_id", 0, kInData, "0 for none"),
	computed<LinkRow, link_number<&L::ifindex>>(nullptr, "ifindex", 0, kInData, "0 for none"),
	computed<LinkRow, link_own>(nullptr, "own", 0, kInData, "of corescope itself, for this list"),
	computed<LinkRow, list_of<LinkRow, &LinkRow::processes>>(
		"PROCESSES", "processes", 12, kInTable | kFlat, "that hold it"),
	computed<LinkRow, list_of<LinkRow, &LinkRow::pins>>(
		"PINNED", "pins", 0, kEverywhere, "paths at which it is pinned"),
};

void prog_nested(Buffer& out, const void* row)
{
	const SeenProg& prog = *static_cast<const ProgRow*>(row)->prog;
	append_ids(out, "map_ids", prog.info.map_ids);
	append_ids(out, "array_ids", prog.arrays);
	append_processes(out, prog.processes);
	out.append(",\"attached\":[");
	for (size_t i = 0; i < prog.attached.size(); i++) {
		const Attachment& place = prog.attached[i];
		out.append(i ? ",{\"kind\":" : "{\"kind\":");
		json_string(out, place.kind);
		out.append(",\"target\":");
		if (place.target.empty())
			out.append("null");
		else
			json_string(out, place.target);
		out.append(",\"link_id\":");
		out.append_u64(place.link_id);
		out.append(place.lasting ? ",\"lasting\":true}" : ",\"lasting\":false}");
	}
	out.append(']');
}

void map_nested(Buffer& out, const void* row)
{
	const SeenMap& map = *static_cast<const MapRow*>(row)->map;
	append_ids(out, "prog_ids", map.prog_ids);
	append_ids(out, "leads_to", map.info.prog_ids);
	append_processes(out, map.processes);
}

void link_nested(Buffer& out, const void* row)
{
	append_processes(out, static_cast<const LinkRow*>(row)->link->processes);
}

constexpr Listing kProgs{"prog", kProgFields, prog_nested};
constexpr Listing kMaps{"map", kMapFields, map_nested};
constexpr Listing kLinks{"link", kLinkFields, link_nested};

std::vector<ProgRow> prog_rows(const Inventory& inventory)
{
	std::vector<ProgRow> rows;
	std::map<uid_t, std::string> users;
	for (const auto& [id, prog] : inventory.progs) {
		auto user = users.find(prog.info.uid);
		if (user == users.end())
			user = users.emplace(prog.info.uid, user_name(prog.info.uid)).first;
		ProgRow row{&prog, prog_type_name(prog.info.type),
			user->second.empty() ? std::to_string(prog.info.uid) : user->second, joined(prog.kept_by()), "",
			"", joined(prog.pins), attached_list(prog), processes_list(prog.processes, prog.own), ""};
		for (const uint32_t map : prog.info.map_ids)
			row.maps += std::to_string(map) + '\0';
		for (const std::string& by : prog.kept_by())
			row.kept_text += (row.kept_text.empty() ? "" : "+") + by;
		if (prog.unexplained()) {
			row.kept_text = "nothing seen";
			row.perhaps = prog.perhaps();
		}
		rows.push_back(std::move(row));
	}
	return rows;
}

std::vector<MapRow> map_rows(const Inventory& inventory)
{
	std::vector<MapRow> rows;
	for (const auto& [id, map] : inventory.maps) {
		MapRow row{
			&map, map_type_name(map.info.type), joined(map.pins), processes_list(map.processes, map.own), ""};
		for (const uint32_t prog : map.prog_ids)
			row.progs += std::to_string(prog) + '\0';
		rows.push_back(std::move(row));
	}
	return rows;
}

std::vector<LinkRow> link_rows(const Inventory& inventory)
{
	std::vector<LinkRow> rows;
	for (const auto& [id, link] : inventory.links) {
		const auto prog = inventory.progs.find(link.info.prog_id);
		rows.push_back({&link, link_type_name(link.info.type),
			prog == inventory.progs.end() ? "" : prog->second.info.name, joined(link.pins),
			processes_list(link.processes, link.own)});
	}
	return rows;
}

void append_summary(Buffer& out, const Inventory& inventory)
{
	size_t unexplained = 0, lasting = 0;
	for (const auto& [id, prog] : inventory.progs) {
		unexplained += prog.unexplained();
		lasting += prog.lasting();
	}
	out.append("{\"type\":\"summary\"");
	for (const auto& [key, number] :
		{std::pair<const char*, size_t>{"progs", inventory.progs.size()}, {"maps", inventory.maps.size()},
			{"links", inventory.links.size()}, {"lasting", lasting}, {"unexplained", unexplained}}) {
		out.append(",\"");
		out.append(key);
		out.append("\":");
		out.append_u64(number);
	}
	out.append(",\"not_seen\":[");
	for (size_t i = 0; i < inventory.not_seen.size(); i++) {
		if (i)
			out.append(',');
		json_string(out, inventory.not_seen[i]);
	}
	out.append("]}\n");
}

} // namespace

void progs_list(const ProgsOptions& options, const std::vector<std::string>& arguments)
{
	const Inventory inventory = take_inventory();
	Buffer out;
	const bool all = options.output == OutputFormat::json && !options.maps && !options.links;
	if (options.output == OutputFormat::json)
		append_progs_meta(out, arguments);
	const auto show = [&](const Listing& listing, const auto& rows) {
		const std::vector<const void*> all_rows = pointers(rows);
		if (options.output == OutputFormat::table)
			append_table(out, listing, all_rows, !options.no_header, cut_width());
		else if (options.output == OutputFormat::csv)
			append_csv(out, listing, all_rows, !options.no_header);
		else
			append_json(out, listing, all_rows);
	};
	if (all || (!options.maps && !options.links))
		show(kProgs, prog_rows(inventory));
	if (all || options.maps)
		show(kMaps, map_rows(inventory));
	if (all || options.links)
		show(kLinks, link_rows(inventory));
	if (options.output == OutputFormat::json)
		append_summary(out, inventory);
	else
		for (const std::string& sentence : inventory.not_seen)
			std::fprintf(stderr, "progs: not seen: %s\n", sentence.c_str());
	write_out(out);
}

} // namespace corescope
