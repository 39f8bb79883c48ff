// SPDX-License-Identifier: BSD-2-Clause
// What a cgroup path says about unit, container and pod. Each path component is asked by itself, from the
// root inwards, and the innermost answer stands: in nested containers that is the one the process is really
// in.
#include "system/cgroup.h"

#include <algorithm>

namespace corescope {

namespace {

constexpr size_t kIdLength = 64;

bool is_hex(std::string_view text)
{
	return std::all_of(
		text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool remove_suffix(std::string_view& text, std::string_view suffix)
{
	if (text.size() <= suffix.size() || !text.ends_with(suffix))
		return false;
	text.remove_suffix(suffix.size());
	return true;
}

bool remove_prefix(std::string_view& text, std::string_view prefix)
{
	if (text.size() <= prefix.size() || !text.starts_with(prefix))
		return false;
	text.remove_prefix(prefix.size());
	return true;
}

bool has_suffix(std::string_view text, std::string_view suffix) { return remove_suffix(text, suffix); }

// systemd puts one underscore before a unit whose name could be taken for a file of the kernel's
// (memory.service).
std::string_view without_guard(std::string_view component)
{
	remove_prefix(component, "_");
	return component;
}

// systemd's \xHH, as in the names of machines.
std::string unescape_unit(std::string_view name)
{
	std::string plain;
	for (size_t i = 0; i < name.size(); i++) {
		if (name[i] == '\\' && i + 3 < name.size() && name[i + 1] == 'x' && is_hex(name.substr(i + 2, 2))) {
			plain += static_cast<char>(std::stoi(std::string(name.substr(i + 2, 2)), nullptr, 16));
			i += 3;
		} else {
			plain += name[i];
		}
	}
	return plain;
}

// What stands before a container id, or the directory above one that stands alone.
struct Word {
	std::string_view begins;
	std::string_view runtime;
};
constexpr Word kBeforeId[] = {
	{"docker", "docker"},
	{"libpod", "podman"},
	{"cri-containerd", "containerd"},
	{"nerdctl", "containerd"},
	{"crio", "cri-o"},
	{"kata", "kata"},
};
constexpr Word kAboveId[] = {
	{"docker", "docker"},
	{"libpod", "podman"},
	{"kata", "kata"},
	{"lxc", "lxc"},
};

template <size_t N>
std::string_view runtime_of(const Word (&words)[N], std::string_view text)
{
	for (const Word& word : words)
		if (text.starts_with(word.begins))
			return word.runtime;
	return {};
}

void take(Attribution& result, std::string_view container, std::string_view runtime)
{
	result.container = container;
	result.runtime = runtime;
}

// docker-ID.scope, cri-containerd-ID.scope, libpod-ID, …slice:cri-containerd:ID, or ID alone. The monitors
// beside a container (libpod-conmon-ID, crio-conmon-ID) carry its id but are not in it.
bool take_container_id(Attribution& result, std::string_view component, std::string_view parent)
{
	remove_suffix(component, ".scope");
	if (component.size() < kIdLength || !is_hex(component.substr(component.size() - kIdLength)))
		return false;
	const std::string_view id = component.substr(component.size() - kIdLength);
	std::string_view before = component.substr(0, component.size() - kIdLength);
	if (before.empty()) {
		take(result, id, runtime_of(kAboveId, parent));
		return true;
	}
	if (before.back() != '-' && before.back() != '_' && before.back() != ':')
		return false;
	before.remove_suffix(1);
	if (has_suffix(before, "conmon"))
		return true;
	before = before.substr(before.rfind(':') + 1);
	take(result, id, runtime_of(kBeforeId, before));
	return true;
}

// Containers that have names instead of ids.
void take_container_name(Attribution& result, std::string_view component, std::string_view parent)
{
	std::string_view name = component;
	if (remove_prefix(name, "lxc.payload.")) {
		take(result, name, "lxc");
	} else if (parent == "lxc" || parent == "lxc.payload") {
		take(result, name, "lxc");
	} else if (remove_suffix(name, ".scope") && remove_prefix(name, "machine-")) {
		const std::string machine = unescape_unit(name);
		take(result, machine, machine.starts_with("qemu-") ? "qemu" : "machine");
	} else if (name = component; remove_suffix(name, ".service") && remove_prefix(name, "systemd-nspawn@")) {
		take(result, unescape_unit(name), "nspawn");
	}
}

// podUID, kubepods-burstable-podUID.slice (there with underscores), and either before a colon. A UID is a
// UUID, or 32 hex digits for a pod that comes from a file.
void take_pod(Attribution& result, std::string_view component)
{
	component = component.substr(0, component.find(':'));
	const bool slice = remove_suffix(component, ".slice");
	if (!component.starts_with("pod")) {
		const size_t at = component.rfind("-pod");
		if (!slice || at == std::string_view::npos)
			return;
		component.remove_prefix(at + 1);
	}
	std::string uid(component.substr(3));
	std::replace(uid.begin(), uid.end(), '_', '-');
	const bool uuid = uid.size() == 36 && uid[8] == '-' && uid[13] == '-' && uid[18] == '-' && uid[23] == '-';
	std::string digits = uid;
	digits.erase(std::remove(digits.begin(), digits.end(), '-'), digits.end());
	if (digits.size() == 32 && is_hex(digits) && (uuid || uid.size() == 32))
		result.pod = uid;
}

} // namespace

Attribution attribute(std::string_view cgroup_path)
{
	Attribution result;
	std::string_view slice, parent, rest = cgroup_path;
	while (!rest.empty()) {
		const size_t length = std::min(rest.find('/'), rest.size());
		const std::string_view component = rest.substr(0, length);
		rest.remove_prefix(std::min(length + 1, rest.size()));
		if (component.empty())
			continue;
		result.path += '/';
		result.path += component;
		if (has_suffix(component, ".service") || has_suffix(component, ".scope"))
			result.unit = without_guard(component);
		else if (has_suffix(component, ".slice"))
			slice = without_guard(component);
		if (!take_container_id(result, component, parent))
			take_container_name(result, component, parent);
		take_pod(result, component);
		parent = component;
	}
	if (result.path.empty())
		result.path = "/";
	if (result.unit.empty())
		result.unit = slice;
	return result;
}

} // namespace corescope
