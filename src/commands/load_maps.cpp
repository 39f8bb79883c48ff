// SPDX-License-Identifier: BSD-2-Clause
// See load_maps.h. Values of per-CPU maps are summed where that makes sense; values that are slots are drawn.
#include "commands/load_maps.h"

#include "btf/print.h"
#include "btf/slots.h"
#include "btf/sum.h"
#include "output/escape.h"
#include "system/host.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <algorithm>
#include <cstring>

namespace corescope {

namespace {

constexpr size_t kKeyWidth = 24;

bool printable_kind(bpf_map_type kind)
{
	switch (kind) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE: return true;
	default: return false;
	}
}

bool is_per_cpu(bpf_map_type kind)
{
	return kind == BPF_MAP_TYPE_PERCPU_HASH || kind == BPF_MAP_TYPE_PERCPU_ARRAY ||
		kind == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

bool all_zero(std::string_view bytes)
{
	return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

std::string hex(std::string_view bytes)
{
	std::string text;
	for (const char byte : bytes) {
		text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
		text += "0123456789abcdef"[byte & 15];
	}
	return text;
}

std::string as_text(const BtfType* type, std::string_view bytes)
{
	if (!type)
		return hex(bytes);
	Buffer out(256);
	append_btf_text(out, *type, bytes);
	return std::string(out.view());
}

void append_member(Buffer& out, std::string_view key, const BtfType* type, std::string_view bytes)
{
	out.append(',');
	if (type)
		return append_btf_json_member(out, key, *type, bytes);
	out.append('"');
	out.append(key);
	out.append("\":\"");
	out.append(hex(bytes));
	out.append('"');
}

void begin_json(LoadOutput& output, std::string_view type, std::string_view source)
{
	Buffer& out = output.lines();
	out.append("{\"type\":\"");
	out.append(type);
	out.append("\",\"source\":");
	json_string(out, source);
	out.append(",\"ts\":\"");
	append_rfc3339(out, output.clock().now_unix_ns());
	out.append('"');
}

// A number to sort by, where the value is one.
uint64_t weight(const BtfType* type, std::string_view bytes)
{
	if (!type || type->kind != BtfType::Kind::integer || type->size > 8 || bytes.size() < type->size)
		return 0;
	uint64_t number = 0;
	std::memcpy(&number, bytes.data(), type->size); // as on all machines that this runs on: little-endian
	return number;
}

// A string of that length, as keys have it: the key of a variable is its name.
std::unique_ptr<BtfType> name_type(size_t size)
{
	static const BtfType kByte = [] {
		BtfType byte;
		byte.kind = BtfType::Kind::integer;
		byte.is_char = true;
		byte.size = 1;
		return byte;
	}();
	auto type = std::make_unique<BtfType>();
	type->kind = BtfType::Kind::array;
	type->element = &kByte;
	type->count = type->size = static_cast<uint32_t>(size);
	return type;
}

} // namespace

LoadMaps::LoadMaps(const LoadedObject& object, BtfTypes* types)
	: object_(object), types_(types), cpus_(possible_cpus()), per_cpu_(object.options().per_cpu)
{
	bpf_map* map;
	bpf_object__for_each_map(map, object.get())
	{
		const bpf_map_type kind = bpf_map__type(map);
		if (bpf_map__is_internal(map) || !printable_kind(kind))
			continue;
		const auto type = [&](uint32_t id) -> const BtfType* {
			const BtfType* found = types && id ? &types->at(id) : nullptr;
			return found && found->kind != BtfType::Kind::opaque ? found : nullptr;
		};
		const size_t value_size = bpf_map__value_size(map);
		maps_.push_back({map, bpf_map__name(map), type(bpf_map__btf_key_type_id(map)),
			type(bpf_map__btf_value_type_id(map)), is_per_cpu(kind),
			kind == BPF_MAP_TYPE_ARRAY || kind == BPF_MAP_TYPE_PERCPU_ARRAY, bpf_map__key_size(map),
			value_size, is_per_cpu(kind) ? (value_size + 7) / 8 * 8 : value_size});
	}
	if (!types)
		return;
	of_object_ = std::make_unique<BtfVariables>(object.get(), *types);
	for (const BtfVariable& variable : of_object_->all())
		if (variable.type->kind != BtfType::Kind::pointer &&
			(variable.section.substr(0, 4) == ".bss" || variable.section.substr(0, 5) == ".data"))
			variables_.push_back(&variable);
}

std::vector<LoadMaps::Entry> LoadMaps::read(const Map& map, size_t& zeros) const
{
	std::vector<Entry> entries;
	const int fd = bpf_map__fd(map.map);
	const size_t bytes = map.per_cpu ? map.stride * cpus_ : map.value_size;
	std::string key(map.key_size, 0), next(map.key_size, 0), value(bytes, 0);
	bool first = true;
	// Others change the map meanwhile: an entry that goes makes the walk begin again, so that it is bounded.
	const uint64_t most_steps = 2 * uint64_t{bpf_map__max_entries(map.map)} + 16;
	for (uint64_t step = 0; step < most_steps; step++) {
		if (bpf_map_get_next_key(fd, first ? nullptr : key.data(), next.data()) != 0)
			break;
		first = false;
		key.swap(next);
		if (bpf_map_lookup_elem(fd, key.data(), value.data()) != 0)
			continue;
		if (map.array && all_zero(value))
			zeros++;
		else
			entries.push_back({key, value});
	}
	if (!map.array) {
		std::sort(
			entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
		entries.erase(std::unique(entries.begin(), entries.end(),
						  [](const Entry& a, const Entry& b) { return a.key == b.key; }),
			entries.end());
	}
	return entries;
}

void LoadMaps::write_row(LoadOutput& output, std::string_view source, const BtfType* key,
	std::string_view key_bytes, const BtfType* value, std::string_view value_bytes, int cpu)
{
	if (output.format() == OutputFormat::csv) {
		std::string text = as_text(key, key_bytes);
		if (cpu >= 0)
			text += " cpu " + std::to_string(cpu);
		return output.csv_row("row", source, text, as_text(value, value_bytes));
	}
	if (output.format() == OutputFormat::json) {
		begin_json(output, "row", source);
		Buffer& out = output.lines();
		append_member(out, "key", key, key_bytes);
		if (cpu >= 0) {
			out.append(",\"cpu\":");
			out.append_u64(static_cast<uint64_t>(cpu));
		}
		append_member(out, "value", value, value_bytes);
		out.append("}\n");
		return;
	}
	Buffer& out = output.lines();
	std::string text = as_text(key, key_bytes);
	if (cpu >= 0)
		text += " cpu " + std::to_string(cpu);
	out.append(text);
	const size_t width = display_width(text);
	out.append_fill(' ', width < kKeyWidth ? kKeyWidth - width + 1 : 1);
	out.append(as_text(value, value_bytes));
	out.append('\n');
}

void LoadMaps::write_slots(LoadOutput& output, const Map& map, const Entry& entry)
{
	const BtfSlots where = *btf_slots(*map.value);
	std::vector<uint64_t> slots;
	for (size_t at = 0; at < entry.value.size(); at += map.stride)
		btf_add_slots(slots, where, std::string_view(entry.value).substr(at, map.value_size));
	const std::string key = as_text(map.key, entry.key);
	const std::vector<HistBucket> rows = log2_rows(slots);
	if (output.format() == OutputFormat::csv) {
		for (const HistBucket& row : rows)
			output.csv_row("hist", map.name,
				key + " <= " + (row.overflow ? "+Inf" : std::to_string(row.high)), std::to_string(row.count));
		return;
	}
	if (output.format() == OutputFormat::table) {
		Buffer& out = output.lines();
		out.append(key);
		out.append(":\n");
		append_log2_text(out, slots, "value");
		return;
	}
	begin_json(output, "hist", map.name);
	Buffer& out = output.lines();
	append_member(out, "key", map.key, entry.key);
	uint64_t count = 0;
	for (const HistBucket& row : rows)
		count += row.count;
	out.append(",\"scheme\":\"log2\",\"count\":");
	out.append_u64(count);
	out.append(",\"slots\":[");
	bool first = true;
	for (const HistBucket& row : rows) {
		if (!row.count)
			continue;
		out.append(first ? "[" : ",[");
		first = false;
		if (row.overflow)
			out.append("null");
		else
			out.append_u64(row.high);
		out.append(',');
		out.append_u64(row.count);
		out.append(']');
	}
	out.append("]}\n");
}

void LoadMaps::write_entry(LoadOutput& output, const Map& map, const Entry& entry)
{
	if (map.value && btf_slots(*map.value))
		return write_slots(output, map, entry);
	if (!map.per_cpu)
		return write_row(output, map.name, map.key, entry.key, map.value, entry.value, -1);
	if (!per_cpu_ && map.value && btf_summable(*map.value)) {
		std::string sum(map.value_size, 0);
		for (size_t cpu = 0; cpu < cpus_; cpu++)
			btf_add(*map.value, sum, std::string_view(entry.value).substr(cpu * map.stride, map.value_size));
		return write_row(output, map.name, map.key, entry.key, map.value, sum, -1);
	}
	for (size_t cpu = 0; cpu < cpus_; cpu++) {
		const std::string_view value = std::string_view(entry.value).substr(cpu * map.stride, map.value_size);
		if (!all_zero(value))
			write_row(output, map.name, map.key, entry.key, map.value, value, static_cast<int>(cpu));
	}
}

void LoadMaps::write_map(LoadOutput& output, const Map& map)
{
	size_t zeros = 0;
	std::vector<Entry> entries = read(map, zeros);
	if (!map.array)
		std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
			return weight(map.value, a.value) > weight(map.value, b.value);
		});
	if (output.format() == OutputFormat::table) {
		Buffer& out = output.lines();
		const char* kind = libbpf_bpf_map_type_str(bpf_map__type(map.map));
		out.append("# map ");
		escape_text(out, map.name);
		out.append(": ");
		out.append(kind ? kind : "?");
		out.append(", ");
		out.append_u64(entries.size());
		out.append(" of ");
		out.append_u64(bpf_map__max_entries(map.map));
		out.append(zeros ? " entries, all others are zero\n" : " entries\n");
	}
	for (const Entry& entry : entries) {
		write_entry(output, map, entry);
		if (output.is_full())
			output.flush();
	}
}

void LoadMaps::write_variables(LoadOutput& output)
{
	bool heading = output.format() == OutputFormat::table;
	const bpf_map* read = nullptr;
	std::string section;
	for (const BtfVariable* variable : variables_) {
		// What libbpf has mapped is what the variables began with.
		if (read != variable->map) {
			read = variable->map;
			const uint32_t zero = 0;
			section.assign(bpf_map__value_size(read), 0);
			if (bpf_map_lookup_elem(bpf_map__fd(read), &zero, section.data()) != 0)
				section.clear();
		}
		if (variable->offset >= section.size())
			continue;
		if (heading)
			output.lines().append("# variables\n");
		heading = false;
		write_row(output, variable->section, name_type(variable->name.size()).get(), variable->name,
			variable->type, std::string_view(section).substr(variable->offset, variable->type->size), -1);
	}
}

void LoadMaps::write(LoadOutput& output)
{
	for (const Map& map : maps_)
		write_map(output, map);
	write_variables(output);
}

} // namespace corescope
