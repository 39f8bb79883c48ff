// SPDX-License-Identifier: BSD-2-Clause
// Making a pin and opening it again; see pin.h. A pin's description is a list of names and values, of which a reader
// takes those that it knows.
#include "cli/pin.h"

#include "base/error.h"
#include "base/pack.h"
#include "bpf/cgroups_made.h"
#include "bpf/kernel_types.h"
#include "cli/signals.h"
#include "system/cgroup.h"
#include "system/clock.h"
#include "system/host.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <unistd.h>

namespace corescope {

namespace {

constexpr std::string_view kMagic = "corescope pin";

struct Descriptor {
	int fd;
	~Descriptor() { close(fd); }
};

// 0 if nobody knows.
size_t value_bytes(int map)
{
	bpf_map_info info = {};
	__u32 size = sizeof(info);
	return bpf_obj_get_info_by_fd(map, &info, &size) == 0 ? info.value_size : 0;
}

// Of the options that all tools have, those that choose what is counted.
bool chooses(std::string_view common_option)
{
	return common_option == "cgroup" || common_option == "unit" || common_option == "container" ||
		common_option == "btf" || common_option == "verbose";
}

bool has(std::span<const OptionSpec> specs, std::string_view name)
{
	return std::any_of(specs.begin(), specs.end(), [&](const OptionSpec& spec) { return name == spec.name; });
}

void refuse_what_makes_no_sense(const HistRun& run)
{
	if (run.options.interval)
		throw Error(kUsage, "--pin: cannot be combined with INTERVAL: it counts on until it is removed");
	for (const GivenOption& one : run.given) {
		if (has(hist_output_specs(), one.name) || one.name == "output")
			throw Error(kUsage,
				"--pin: cannot be combined with --" + one.name + ", which is for `corescope pinned read`");
		if (has(common_option_specs(), one.name) && !chooses(one.name))
			throw Error(kUsage,
				"--pin: cannot be combined with --" + one.name +
					": it ends at once and counts on until it is removed");
	}
}

// The members of a description and what they are called: text and numbers, for both directions.
struct TextMember {
	std::string_view name;
	std::string& (*of)(PinAbout&);
};
constexpr TextMember kTexts[] = {
	{"identity", [](PinAbout& a) -> std::string& { return a.identity; }},
	{"tool", [](PinAbout& a) -> std::string& { return a.source.tool; }},
	{"quantity", [](PinAbout& a) -> std::string& { return a.source.quantity; }},
	{"what", [](PinAbout& a) -> std::string& { return a.source.what; }},
	{"options", [](PinAbout& a) -> std::string& { return a.source.options; }},
	{"version", [](PinAbout& a) -> std::string& { return a.source.version; }},
	{"hooks", [](PinAbout& a) -> std::string& { return a.source.hooks; }},
	{"host", [](PinAbout& a) -> std::string& { return a.source.host; }},
	{"boot_id", [](PinAbout& a) -> std::string& { return a.source.boot_id; }},
};
struct NumberMember {
	std::string_view name;
	uint64_t PinAbout::*member;
};
constexpr NumberMember kNumbers[] = {{"layout", &PinAbout::layout}, {"max_keys", &PinAbout::max_keys},
	{"since_ns", &PinAbout::since_ns}, {"programs", &PinAbout::programs}, {"losses_at", &PinAbout::losses_at},
	{"p", &PinAbout::p}, {"limit_log2", &PinAbout::limit_log2}, {"slots", &PinAbout::slots},
	{"cpu_bytes", &PinAbout::cpu_bytes}, {"row_bytes", &PinAbout::row_bytes},
	{"shared_bytes", &PinAbout::shared_bytes}, {"loss_causes", &PinAbout::loss_causes}};

template <class T>
T number_in(std::string_view text)
{
	T value;
	const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
	if (end.ec != std::errc() || end.ptr != text.data() + text.size())
		throw Malformed{};
	return value;
}

// What has to be known as a whole before it says anything.
struct Words {
	uint64_t unit_scale = 0;
	std::string_view unit_base;
	bool by_known = false;
};

void set_member(PinAbout& about, Words& words, std::string_view name, std::string_view value)
{
	for (const TextMember& one : kTexts)
		if (one.name == name)
			one.of(about) = value;
	for (const NumberMember& one : kNumbers)
		if (one.name == name)
			about.*one.member = number_in<uint64_t>(value);
	if (name == "by") {
		try {
			if (value != "all")
				parse_value(about.by, std::string(value).c_str());
			words.by_known = true;
		} catch (const BadValue&) { // a later version's
		}
	}
	if (name == "argument")
		about.arguments.emplace_back(value);
	else if (name == "since_unix_ns")
		about.since_unix_ns = number_in<int64_t>(value);
	else if (name == "unit_scale")
		words.unit_scale = number_in<uint64_t>(value);
	else if (name == "unit_base")
		words.unit_base = value;
}

} // namespace

std::string PinAbout::unreadable() const
{
	const PinAbout ours;
	if (layout == kPinLayout && p == ours.p && limit_log2 == ours.limit_log2 && slots == ours.slots &&
		cpu_bytes == ours.cpu_bytes && row_bytes == ours.row_bytes && shared_bytes == ours.shared_bytes &&
		loss_causes == ours.loss_causes)
		return "";
	return "corescope " + source.version + " made it with layout " + std::to_string(layout) +
		", and this one reads layout " + std::to_string(kPinLayout) +
		(layout == kPinLayout ? " with other sizes" : "");
}

std::string pack_about(const PinAbout& about)
{
	Packer out;
	out.text(kMagic);
	const auto add = [&](std::string_view name, std::string_view value) {
		out.text(name);
		out.text(value);
	};
	PinAbout members = about;
	for (const NumberMember& one : kNumbers)
		add(one.name, std::to_string(about.*one.member));
	for (const TextMember& one : kTexts)
		add(one.name, one.of(members));
	add("by", hist_by_word(about.by));
	for (const std::string& argument : about.arguments)
		add("argument", argument);
	add("since_unix_ns", std::to_string(about.since_unix_ns));
	add("unit_scale", std::to_string(about.source.unit.scale));
	add("unit_base", hist_base_name(about.source.unit.base));
	out.text("");
	return out.bytes();
}

PinAbout unpack_about(std::string_view bytes)
{
	Unpacker in(bytes);
	if (in.text() != kMagic)
		throw Malformed{};
	PinAbout about;
	Words words;
	for (std::string_view name = in.text(); !name.empty(); name = in.text())
		set_member(about, words, name, in.text());
	const HistUnit* unit = nullptr;
	for (const HistBase base : {HistBase::time_ns, HistBase::bytes, HistBase::none})
		if (hist_base_name(base) == words.unit_base)
			unit = find_hist_unit(base, words.unit_scale);
	if (unit)
		about.source.unit = *unit;
	else if (about.layout == kPinLayout)
		throw Malformed{};
	if (!words.by_known && about.layout == kPinLayout)
		throw Malformed{};
	return about; // what only a later version has cannot be read, but told of
}

int make_about_map(std::string_view bytes)
{
	std::string value(bytes);
	value.resize((value.size() + 7) / 8 * 8);
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	const int fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "corescope_pin", sizeof(__u32), static_cast<__u32>(value.size()), 1, &opts);
	const __u32 first = 0;
	if (fd < 0 || bpf_map_update_elem(fd, &first, value.data(), 0)) {
		const int error = errno;
		if (fd >= 0)
			close(fd);
		throw Error(kFailure, std::string("cannot make the pin's description: ") + std::strerror(error));
	}
	bpf_map_freeze(fd);
	return fd;
}

PinAbout read_about(const PinReader& pin)
{
	const Descriptor map{pin.open_map(kPinAbout)};
	const __u32 first = 0;
	std::string bytes(value_bytes(map.fd), '\0');
	if (bytes.empty() || bpf_map_lookup_elem(map.fd, &first, bytes.data()))
		throw Error(
			kFailure, "cannot read the description of the pin '" + pin.name() + "': " + std::strerror(errno));
	try {
		return unpack_about(bytes);
	} catch (const Malformed&) {
		throw Error(kDataError,
			"the description of the pin '" + pin.name() + "' makes no sense: corescope did not make it");
	}
}

int pin_histogram(const HistRun& run)
{
	refuse_what_makes_no_sense(run);
	PinAbout about;
	about.by = asked_by(run);
	CgroupFilter filter = cgroup_filter(run.setup.common);
	filter.for_names = false; // who reads the pin is another
	ObjectLoader loader = hist_loader(run, about.by, filter);
	set_libbpf_log(run.setup.common.verbose);
	require_bpf();
	(void)KernelTypes(run.setup.common.btf); // before anything is made
	NewPin pin(run.options.pin.value);
	std::unique_ptr<HistMaps> maps;
	const std::unique_ptr<Object> object = loader.start([&](Object& loaded) {
		maps = std::make_unique<HistMaps>(loaded, kernel_by(about.by), own_key_names(about.by));
	});
	look_again_for_cgroup(*run.shared(ObjectLoader::typed(*object)), filter.id, filter.directory);
	about.since_ns = monotonic_ns();
	about.since_unix_ns = WallClock().now_unix_ns();
	about.identity = random_id();
	about.source = *hist_source(run);
	about.source.hooks = object->hooks();
	about.arguments = run.arguments;
	about.programs = object->watched_programs().size();
	about.max_keys = about.by == HistBy::all ? 0 : object->max_entries("hist_rows");
	const bpf_map* bss = object->map(".bss");
	size_t bss_bytes;
	const auto* begin =
		static_cast<const char*>(bpf_map__initial_value(const_cast<bpf_map*>(bss), &bss_bytes));
	about.losses_at = static_cast<uint64_t>(
		reinterpret_cast<const char*>(run.shared(ObjectLoader::typed(*object))) - begin);

	const Descriptor description{make_about_map(pack_about(about))};
	pin.add_map(kPinAbout, description.fd);
	pin.add_map(kPinHistograms, HistMaps::fd_of(*object, kernel_by(about.by)));
	pin.add_map(kPinShared, bpf_map__fd(bss));
	for (const int program : object->watched_programs())
		pin.add_program(program);
	for (const Object::Attached& one : object->attached())
		pin.add_link(one.fd, one.section);
	if (stop_signal())
		throw Error(kFailure, "--pin: interrupted; nothing is pinned");
	pin.publish();
	object->leave_attached();
	return kOk;
}

PinnedCounts::PinnedCounts(const PinReader& pin, const PinAbout& about)
	: by_(about.by), losses_at_(about.losses_at)
{
	if (const std::string why = about.unreadable(); !why.empty())
		throw Error(kUnavailable,
			"cannot read the pin '" + pin.name() + "': " + why +
				"; read it with that version, or remove it and pin it anew");
	maps_ = std::make_unique<HistMaps>(pin.open_map(kPinHistograms), kernel_by(by_), own_key_names(by_));
	try {
		shared_ = pin.open_map(kPinShared);
		shared_bytes_ = value_bytes(shared_);
		if (shared_bytes_ < sizeof(event_shared) || losses_at_ > shared_bytes_ - sizeof(event_shared))
			throw Error(kDataError,
				"the pin '" + pin.name() + "' has no counters of loss: corescope did not make it");
		for (uint64_t i = 0; i < about.programs; i++)
			programs_.push_back(pin.open_program(i));
	} catch (...) {
		close_all();
		throw;
	}
}

PinnedCounts::~PinnedCounts() { close_all(); }

void PinnedCounts::close_all()
{
	for (const int program : programs_)
		close(program);
	if (shared_ >= 0)
		close(shared_);
}

PinnedCounts::Reading PinnedCounts::read(CgroupResolver& cgroups)
{
	Reading now{maps_->read(monotonic_ns(), cgroups, cgroup_label(by_)), losses()};
	add_losses(now.snapshot.window, now.losses);
	return now;
}

LossCounts PinnedCounts::losses() const
{
	std::string bytes(shared_bytes_, '\0');
	const __u32 first = 0;
	if (bpf_map_lookup_elem(shared_, &first, bytes.data()))
		throw Error(kFailure, std::string("cannot read the counters of loss: ") + std::strerror(errno));
	event_shared shared;
	std::memcpy(&shared, bytes.data() + losses_at_, sizeof(shared));
	LossCounts counts;
	std::copy(std::begin(shared.lost), std::end(shared.lost), counts.begin());
	for (const int program : programs_)
		counts[LOSS_BUSY] += times_passed_over(program); // which the kernel itself counts
	return counts;
}

} // namespace corescope
