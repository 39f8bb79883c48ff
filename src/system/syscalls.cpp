// SPDX-License-Identifier: BSD-2-Clause
// Tables by number, made once from what the headers have and what they may be too old for.
#include "system/syscalls.h"

#include "output/buffer.h"

#include <algorithm>
#include <map>

namespace corescope {

namespace {

// Since 5.1 a new call has one number on all architectures (include/uapi/asm-generic/unistd.h, arch/*/tools/syscall.tbl
// of Linux 6.18): those behind the last that Debian 12's headers have.
constexpr SyscallName kNewer[] = {{451, "cachestat"}, {452, "fchmodat2"}, {453, "map_shadow_stack"},
	{454, "futex_wake"}, {455, "futex_wait"}, {456, "futex_requeue"}, {457, "statmount"}, {458, "listmount"},
	{459, "lsm_get_self_attr"}, {460, "lsm_set_self_attr"}, {461, "lsm_list_modules"}, {462, "mseal"},
	{463, "setxattrat"}, {464, "getxattrat"}, {465, "listxattrat"}, {466, "removexattrat"},
	{467, "open_tree_attr"}, {468, "file_getattr"}, {469, "file_setattr"}};
constexpr uint32_t kFirstShared = 424;

constexpr uint32_t kGone = ~uint32_t{0};

using Names = std::map<uint32_t, std::string>;

Names& names_of(SyscallAbi abi)
{
	static Names tables[3];
	Names& names = tables[static_cast<size_t>(abi)];
	if (names.empty()) {
		const std::string prefix = abi == SyscallAbi::native ? "" : std::string(abi_name(abi)) + ":";
		for (const SyscallName& one : syscall_names(abi))
			names.emplace(one.number, prefix + one.name);
		names.emplace(kGone, prefix + "sigreturn");
	}
	return names;
}

} // namespace

std::vector<SyscallName> syscall_names(SyscallAbi abi)
{
	std::vector<SyscallName> all = abi == SyscallAbi::native ? native_syscalls()
		: abi == SyscallAbi::compat                          ? compat_syscalls()
															 : x32_syscalls();
	const auto has = [&](uint32_t number) {
		return std::any_of(
			all.begin(), all.end(), [&](const SyscallName& one) { return one.number == number; });
	};
	if (all.empty() && abi == SyscallAbi::compat)
		for (const SyscallName& one : native_syscalls())
			if (one.number >= kFirstShared)
				all.push_back(one);
	if (!all.empty())
		for (const SyscallName& one : kNewer)
			if (!has(one.number))
				all.push_back(one);
	std::sort(all.begin(), all.end(),
		[](const SyscallName& a, const SyscallName& b) { return a.number < b.number; });
	return all;
}

std::string_view syscall_name(SyscallAbi abi, uint32_t number)
{
	Names& names = names_of(abi);
	const auto found = names.find(number);
	if (found != names.end())
		return found->second;
	const std::string prefix = abi == SyscallAbi::native ? "" : std::string(abi_name(abi)) + ":";
	return names.emplace(number, prefix + std::to_string(number)).first->second;
}

std::string_view abi_name(SyscallAbi abi)
{
#ifdef __x86_64__
	constexpr std::string_view kNames[] = {"x86_64", "i386", "x32"};
#else
	constexpr std::string_view kNames[] = {"arm64", "arm", "x32"};
#endif
	return kNames[static_cast<size_t>(abi)];
}

bool has_syscall(std::string_view name)
{
	static const std::vector<SyscallName> all = syscall_names(SyscallAbi::native);
	return std::any_of(all.begin(), all.end(), [&](const SyscallName& one) { return one.name == name; });
}

void append_syscall_list(Buffer& out)
{
	for (const SyscallAbi abi : {SyscallAbi::native, SyscallAbi::compat, SyscallAbi::x32})
		for (const SyscallName& one : syscall_names(abi)) {
			out.append_u64_right(one.number, 5);
			out.append(": ");
			out.append(syscall_name(abi, one.number));
			out.append('\n');
		}
}

} // namespace corescope
