// SPDX-License-Identifier: BSD-2-Clause
// See load_events.h. A ring does not say what lies in it. Its declaration may (__type(value, struct event)); else the
// programs tell how many bytes they put there, and the object's BTF which structs are so long.
#include "commands/load_events.h"

#include "base/error.h"
#include "bpf/instructions.h"

#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace corescope {

namespace {

constexpr size_t kPerfPages = 64; // for each CPU
constexpr size_t kPerfPadding = 7;

Value hex_value(const void* event, const FieldContext&, const void* self);

// A record of unknown type: its length, and its bytes in hexadecimal.
constexpr Field kRawFields[] = {
	{"BYTES", "bytes", 6, kEverywhere | kRight,
		[](const void* event, const FieldContext&, const void*) {
			return Value::number(uint64_t{static_cast<const BtfRecord*>(event)->bytes.size()});
		},
		"how long the record is", FieldType::number, true},
	{"DATA", "data", 0, kEverywhere, hex_value, "the record, in hexadecimal", FieldType::text, true},
};

Value hex_value(const void* event, const FieldContext&, const void*)
{
	static thread_local std::string hex; // until the next one, which comes after it was written
	hex.clear();
	for (const char byte : static_cast<const BtfRecord*>(event)->bytes) {
		hex += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
		hex += "0123456789abcdef"[byte & 15];
	}
	return Value::word(hex);
}

} // namespace

LoadEvents::LoadEvents(LoadedObject& object, BtfTypes* types) : object_(object), types_(types)
{
	bpf_map* map;
	bpf_object__for_each_map(map, object.get())
	{
		const bpf_map_type kind = bpf_map__type(map);
		if (kind != BPF_MAP_TYPE_RINGBUF && kind != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		auto channel = std::make_unique<Channel>();
		channel->map = map;
		channel->name = bpf_map__name(map);
		channel->is_perf = kind == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
		channel->owner = this;
		const uint32_t declared = bpf_map__btf_value_type_id(map);
		if (types && declared) {
			const BtfType& type = types->at(declared);
			if (type.has_members() && type.size)
				channel->kinds.push_back({&type, 0});
		}
		channels_.push_back(std::move(channel));
	}
	for (const std::string& text : object.options().event) {
		const auto [name, type_name] = split_pair("--event", text);
		const auto channel = std::find_if(channels_.begin(), channels_.end(),
			[&name = name](const auto& one) { return one->name == name; });
		if (channel == channels_.end()) {
			std::vector<std::string> names;
			for (const auto& one : channels_)
				names.push_back(one->name);
			throw Error(kUsage, "--event: no ring or perf buffer '" + name + "'" + there_are(names));
		}
		const uint32_t id = types ? types->find(type_name) : 0;
		if (!id)
			throw Error(kUsage,
				"--event: the object's BTF has no '" + type_name + "'" +
					(types ? "; a type gets there when something in the program's interface uses it, as the map's "
							 "__type(value, struct …)"
						   : ": it has none at all; compile it with -g"));
		(*channel)->kinds = {{&types->at(id), 0}};
	}
}

LoadEvents::~LoadEvents()
{
	for (const auto& channel : channels_)
		if (channel->perf)
			perf_buffer__free(channel->perf);
}

// The struct of that size; among several, those that the kernel itself has are out (they are here for CO-RE), and then
// the one that is called like an event, or like the map.
const BtfType* LoadEvents::guess(
	const Channel& channel, uint32_t size, std::vector<std::string>& candidates) const
{
	std::vector<const BtfType*> fit;
	for (const std::string& name : types_->struct_names()) {
		const BtfType& type = types_->at(types_->find(name));
		if (type.kind == BtfType::Kind::record && type.size == size && !type.name.empty())
			fit.push_back(&type);
	}
	if (fit.size() > 1) {
		const std::unique_ptr<struct btf, CloseBtf> kernel(btf__load_vmlinux_btf());
		if (kernel)
			fit.erase(std::remove_if(fit.begin(), fit.end(),
						  [&](const BtfType* type) {
							  const std::string bare = type->name.substr(type->name.find(' ') + 1);
							  return btf__find_by_name_kind(kernel.get(), bare.c_str(), BTF_KIND_STRUCT) > 0;
						  }),
				fit.end());
	}
	for (const BtfType* type : fit)
		candidates.push_back(type->name);
	if (fit.size() <= 1)
		return fit.empty() ? nullptr : fit[0];
	std::string like = channel.name;
	if (like.size() > 1 && like.back() == 's')
		like.pop_back();
	const BtfType* best = nullptr;
	for (const std::string& word : {like, std::string("event")}) {
		for (const BtfType* type : fit)
			if (type->name.find(word) != std::string::npos) {
				if (best)
					return nullptr; // two of them
				best = type;
			}
		if (best)
			return best;
	}
	return nullptr;
}

void LoadEvents::open(LoadOutput& output)
{
	output_ = &output;
	std::vector<RecordSite> sites;
	for (const bpf_program* program : object_.programs())
		for (const RecordSite& site :
			record_sites({bpf_program__insns(program), bpf_program__insn_cnt(program)}))
			sites.push_back(site);
	for (const auto& channel : channels_) {
		const int fd = bpf_map__fd(channel->map);
		std::vector<uint32_t> sizes;
		for (const RecordSite& site : sites)
			if (site.map_fd == fd && std::find(sizes.begin(), sizes.end(), site.size) == sizes.end())
				sizes.push_back(site.size);
		std::vector<std::string> candidates;
		if (types_ && channel->kinds.empty())
			for (const uint32_t size : sizes)
				if (const BtfType* type = size ? guess(*channel, size, candidates) : nullptr)
					channel->kinds.push_back({type, 0});
		for (Kind& kind : channel->kinds) {
			static constexpr std::string_view kTaken[] = {"source"};
			columns_.push_back(std::make_unique<BtfColumns>(
				*kind.type, BtfColumns::Options{kTaken, channel->is_perf ? kPerfPadding : 0}));
			kind.source = output.add_source(channel->name, columns_.back()->fields());
			if (object_.options().verbose)
				tell_step("records of %s are %s, %u bytes", channel->name.c_str(), kind.type->name.c_str(),
					kind.type->size);
		}
		if (channel->kinds.empty()) {
			channel->kinds.push_back({nullptr, output.add_source(channel->name, kRawFields)});
			std::fprintf(stderr,
				"load: records of '%s' are shown in hexadecimal: the object's BTF does not tell their type%s; declare it in "
				"the map, __type(value, struct …), or say --event %s='struct NAME'\n",
				channel->name.c_str(), there_are(candidates).c_str(), channel->name.c_str());
		}
		if (!channel->is_perf) {
			channel->ring = std::make_unique<Ring>(fd, bpf_map__max_entries(channel->map));
			continue;
		}
		channel->perf = perf_buffer__new(fd, kPerfPages, perf_sample, perf_lost, channel.get(), nullptr);
		if (!channel->perf)
			throw Error(kUnavailable, "perf buffer '" + channel->name + "': " + std::strerror(errno));
	}
}

std::vector<int> LoadEvents::fds() const
{
	std::vector<int> fds;
	for (const auto& channel : channels_)
		fds.push_back(channel->perf ? perf_buffer__epoll_fd(channel->perf) : bpf_map__fd(channel->map));
	return fds;
}

void LoadEvents::deliver(const Channel& channel, std::string_view bytes)
{
	const Kind* kind = &channel.kinds[0];
	for (const Kind& one : channel.kinds)
		if (one.type && one.type->size == bytes.size()) {
			kind = &one;
			break;
		}
	const BtfRecord record{bytes};
	output_->event(kind->source, &record);
}

void LoadEvents::perf_sample(void* context, int, void* data, unsigned size)
{
	auto* channel = static_cast<Channel*>(context);
	LoadEvents* self = channel->owner;
	if (self->stopped_)
		return;
	try {
		self->deliver(*channel, {static_cast<const char*>(data), size});
		self->stopped_ = (*self->enough_)();
	} catch (const std::bad_alloc&) { // it is C that called
		self->stopped_ = true;
	}
}

void LoadEvents::perf_lost(void* context, int, unsigned long long count)
{
	auto* channel = static_cast<Channel*>(context);
	try {
		channel->owner->output_->lost("perf buffer full", count);
	} catch (const std::bad_alloc&) { // it is C that called
		channel->owner->stopped_ = true;
	}
}

size_t LoadEvents::drain(LoadOutput& output, const std::function<bool()>& enough)
{
	const uint64_t before = output.records();
	enough_ = &enough;
	stopped_ = false;
	for (const auto& channel : channels_) {
		if (stopped_)
			break;
		if (channel->perf) {
			perf_buffer__consume(channel->perf);
			continue;
		}
		const size_t size = bpf_map__max_entries(channel->map);
		uint32_t largest = 8;
		for (const Kind& kind : channel->kinds)
			largest = std::max(largest, kind.type ? kind.type->size + 8 : 8);
		if (channel->ring->fill() + largest > size)
			channel->full++;
		channel->ring->drain([&](const void* data, size_t bytes) {
			deliver(*channel, {static_cast<const char*>(data), bytes});
			stopped_ = enough();
			return !stopped_ && !output.is_full();
		});
	}
	return output.records() - before;
}

std::string LoadEvents::full_rings() const
{
	std::string names;
	for (const auto& channel : channels_)
		if (channel->full)
			names += (names.empty() ? "'" : ", '") + channel->name + "'";
	return names;
}

} // namespace corescope
