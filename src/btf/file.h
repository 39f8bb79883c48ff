// SPDX-License-Identifier: BSD-2-Clause
// A kernel's types in a file: raw BTF, or an ELF file (vmlinux) with a section .BTF.
#pragma once

#include "btf/question.h"

#include <string>

namespace corescope {

// What uname says of a kernel; "" for what is not known.
struct KernelName {
	std::string release; // uname -r
	std::string machine; // uname -m
	std::string version; // uname -v

	auto operator<=>(const KernelName&) const = default;
};
KernelName running_kernel();

struct BtfFile {
	Btf types;
	// machine always; release and version where the file has them (a vmlinux has).
	KernelName kernel;

	std::string_view raw() const;
};

// Throws Error: kDataError for what is no BTF or is damaged, kUnavailable where it is of another byte order or of a machine
// that corescope does not know, kUsage where it cannot be opened. The message begins with the path.
BtfFile read_btf_file(const std::string& path);

// All numbers and names in it point at something, and no type contains itself; "" or what is wrong.
std::string damage_of(const btf* types);

// All bytes of a file. Throws Error(kUsage) where it cannot be opened, kIoError, kDataError where it is longer.
std::string bytes_of_file(const std::string& path, size_t most);

} // namespace corescope
