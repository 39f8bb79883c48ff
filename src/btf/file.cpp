// SPDX-License-Identifier: BSD-2-Clause
// Reading BTF that somebody else made; see file.h. libbpf believes the numbers in it, so they are looked at first.
#include "btf/file.h"

#include "base/error.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace corescope {

namespace {

constexpr std::string_view kBanner = "Linux version ";

struct Descriptor {
	int fd;
	~Descriptor()
	{
		if (fd >= 0)
			close(fd);
	}
};

// The registers that a system call saves are called otherwise on each machine.
std::string machine_of(const btf* types)
{
	static constexpr std::pair<const char*, const char*> kKnown[] = {
		{"orig_ax", "x86_64"}, {"user_regs", "aarch64"}, {"syscallno", "aarch64"}};
	const int id = btf__find_by_name_kind(types, "pt_regs", BTF_KIND_STRUCT);
	const btf_type* regs = id > 0 ? btf__type_by_id(types, static_cast<uint32_t>(id)) : nullptr;
	if (!regs || btf__pointer_size(types) != 8)
		return "";
	std::vector<uint32_t> left = {static_cast<uint32_t>(id)};
	while (!left.empty()) {
		uint32_t at = left.back();
		left.pop_back();
		const btf_type* type = resolved(types, at);
		for (uint32_t i = 0; type && btf_is_composite(type) && i < btf_vlen(type); i++) {
			const btf_member& member = btf_members(type)[i];
			const std::string_view name = btf__name_by_offset(types, member.name_off);
			for (const auto& [word, machine] : kKnown)
				if (name == word)
					return machine;
			if (name.empty())
				left.push_back(member.type);
		}
	}
	return "";
}

// "Linux version RELEASE (who) (compiler) #1 SMP …" as it stands in a vmlinux.
void read_banner(std::string_view rodata, KernelName& kernel)
{
	const size_t at = rodata.find(kBanner);
	if (at == std::string_view::npos)
		return;
	std::string_view line = rodata.substr(at + kBanner.size(), 1024);
	line = line.substr(0, std::min(line.find('\n'), line.find('\0')));
	kernel.release = line.substr(0, line.find(' '));
	const size_t version = line.rfind(" #");
	if (version != std::string_view::npos)
		kernel.version = line.substr(version + 1);
}

// Of an ELF file; leaves `kernel` as it is for any other. Sections are mapped: a vmlinux may have a gigabyte.
void look_into_elf(int fd, KernelName& kernel)
{
	elf_version(EV_CURRENT);
	Elf* elf = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
	GElf_Ehdr head;
	size_t names;
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &head) && !elf_getshdrstrndx(elf, &names)) {
		kernel.machine = head.e_machine == EM_X86_64 ? "x86_64"
			: head.e_machine == EM_AARCH64           ? "aarch64"
													 : "";
		for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section));) {
			GElf_Shdr header;
			const char* name =
				gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : nullptr;
			if (!name || std::strcmp(name, ".rodata") != 0)
				continue;
			const Elf_Data* data = elf_rawdata(section, nullptr);
			if (data && data->d_buf)
				read_banner({static_cast<const char*>(data->d_buf), data->d_size}, kernel);
		}
	}
	elf_end(elf);
}

// Where the types that a type refers to are written.
std::vector<uint32_t> references(const btf_type* type)
{
	std::vector<uint32_t> all;
	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG: all.push_back(type->type); break;
	case BTF_KIND_ARRAY: all = {btf_array(type)->type, btf_array(type)->index_type}; break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t i = 0; i < btf_vlen(type); i++)
			all.push_back(btf_members(type)[i].type);
		break;
	case BTF_KIND_FUNC_PROTO:
		all.push_back(type->type);
		for (uint32_t i = 0; i < btf_vlen(type); i++)
			all.push_back(btf_params(type)[i].type);
		break;
	case BTF_KIND_DATASEC:
		for (uint32_t i = 0; i < btf_vlen(type); i++)
			all.push_back(btf_var_secinfos(type)[i].type);
		break;
	}
	return all;
}

bool names_are_there(const btf* types, const btf_type* type)
{
	bool there = btf__name_by_offset(types, type->name_off) != nullptr;
	for (uint32_t i = 0; there && i < btf_vlen(type); i++) {
		if (btf_is_composite(type))
			there = btf__name_by_offset(types, btf_members(type)[i].name_off);
		else if (btf_is_enum(type))
			there = btf__name_by_offset(types, btf_enum(type)[i].name_off);
		else if (btf_is_enum64(type))
			there = btf__name_by_offset(types, btf_enum64(type)[i].name_off);
	}
	return there;
}

// What a type contains, not what it points at: typedefs, qualifiers, arrays, members. Following them must end.
bool contains(const btf_type* type)
{
	return btf_is_composite(type) || btf_is_array(type) || btf_is_mod(type) || btf_is_typedef(type);
}

bool contains_itself(const btf* types, uint32_t first, std::vector<char>& seen)
{
	enum : char { kNew, kOpen, kDone };
	std::vector<std::pair<uint32_t, std::vector<uint32_t>>> way;
	const auto enter = [&](uint32_t id) {
		seen[id] = kOpen;
		const btf_type* type = btf__type_by_id(types, id);
		way.emplace_back(id, contains(type) ? references(type) : std::vector<uint32_t>());
	};
	if (seen[first] != kNew)
		return false;
	enter(first);
	while (!way.empty()) {
		auto& [id, next] = way.back();
		if (next.empty()) {
			seen[id] = kDone;
			way.pop_back();
			continue;
		}
		const uint32_t one = next.back();
		next.pop_back();
		if (one && seen[one] == kOpen)
			return true;
		if (one && seen[one] == kNew)
			enter(one);
	}
	return false;
}

} // namespace

KernelName running_kernel()
{
	utsname name;
	uname(&name);
	return {name.release, name.machine, name.version};
}

std::string_view BtfFile::raw() const
{
	uint32_t size = 0;
	const void* bytes = btf__raw_data(types.get(), &size);
	return {static_cast<const char*>(bytes), bytes ? size : 0};
}

std::string damage_of(const btf* types)
{
	const uint32_t count = btf__type_cnt(types);
	for (uint32_t id = 1; id < count; id++) {
		const btf_type* type = btf__type_by_id(types, id);
		const std::string which = "type " + std::to_string(id);
		if (!names_are_there(types, type))
			return which + " has a name that is not there";
		for (const uint32_t other : references(type))
			if (other >= count)
				return which + " refers to type " + std::to_string(other) + " of " +
					std::to_string(count - 1);
	}
	std::vector<char> seen(count);
	for (uint32_t id = 1; id < count; id++)
		if (contains_itself(types, id, seen))
			return "type " + std::to_string(id) + " contains itself";
	return "";
}

BtfFile read_btf_file(const std::string& path)
{
	const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
	if (file.fd < 0)
		throw Error(kUsage, path + ": cannot be opened: " + std::strerror(errno));
	BtfFile found;
	look_into_elf(file.fd, found.kernel);
	const bool elf = !found.kernel.release.empty() || !found.kernel.machine.empty();
	found.types.reset(btf__parse(path.c_str(), nullptr));
	if (!found.types)
		throw Error(kDataError,
			path +
				(elf ? ": this ELF file has no whole section .BTF; `pahole -J` adds one to a vmlinux with debug "
					   "information"
					 : ": is no BTF, or not whole; it takes raw BTF, a vmlinux with a section .BTF, or a bundle "
					   "that `corescope btf bundle` made"));
	constexpr btf_endianness kOurs =
		std::endian::native == std::endian::little ? BTF_LITTLE_ENDIAN : BTF_BIG_ENDIAN;
	if (btf__endianness(found.types.get()) != kOurs)
		throw Error(kUnavailable, path + ": is of a machine with the other byte order");
	if (const std::string damage = damage_of(found.types.get()); !damage.empty())
		throw Error(kDataError, path + ": is damaged: " + damage);
	if (!elf)
		found.kernel.machine = machine_of(found.types.get());
	if (found.kernel.machine.empty())
		throw Error(
			kUnavailable, path + ": is not of a kernel for x86_64 or arm64: its struct pt_regs is neither's");
	return found;
}

std::string bytes_of_file(const std::string& path, size_t most)
{
	const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
	if (file.fd < 0)
		throw Error(kUsage, path + ": cannot be opened: " + std::strerror(errno));
	std::string bytes;
	char chunk[65536];
	ssize_t n;
	while ((n = read(file.fd, chunk, sizeof(chunk))) > 0 && bytes.size() <= most)
		bytes.append(chunk, static_cast<size_t>(n));
	if (n < 0)
		throw Error(kIoError, path + ": cannot be read: " + std::strerror(errno));
	if (bytes.size() > most)
		throw Error(kDataError, path + ": is larger than any bundle");
	return bytes;
}

} // namespace corescope
