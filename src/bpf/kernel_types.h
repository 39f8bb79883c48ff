// SPDX-License-Identifier: BSD-2-Clause
// Where a run takes the kernel's types from: from the kernel itself, or from a file (--btf, or where one usually lies)
// on a kernel that offers none.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace corescope {

// The folders in which files are looked for that nobody named, the first first; in each KERNEL-RELEASE.btf, then
// kernels.btfs, a bundle.
inline constexpr const char* kBtfFolders[] = {"/var/lib/corescope/btf", "/usr/lib/corescope/btf"};
inline constexpr const char* kBtfBundleName = "kernels.btfs";

struct BtfBundle;

class KernelTypes {
public:
	// asked: --btf; "" takes the kernel's own, and where it has none, the file that CORESCOPE_BTF names, or one in
	// kBtfFolders. Throws Error with one line: kUnavailable where there are none, or not this kernel's.
	explicit KernelTypes(const std::string& asked);
	~KernelTypes();
	KernelTypes(const KernelTypes&) = delete;
	KernelTypes& operator=(const KernelTypes&) = delete;

	// True where the verifier and libbpf have the same types, so that hooks with typed pointers can be had.
	bool kernels_own() const { return own_; }
	// For libbpf's btf_custom_path; null: it finds the kernel's own.
	const char* path() const { return path_.empty() ? nullptr : path_.c_str(); }
	// The file as `meta` tells it; "" for the kernel's own.
	const std::string& file() const { return file_; }
	// Throws Error(kUnavailable) where this object asks what the bundle was not made for. elf: its bytes.
	void require(std::string_view elf) const;

private:
	void take();
	void take_from_bundle();
	void hold(std::string_view raw);

	bool own_ = true;
	std::unique_ptr<BtfBundle> bundle_; // without its entries
	int memory_ = -1;                   // a file in memory, for libbpf wants a path
	std::string file_, path_;
};

// Whether /sys/kernel/btf/vmlinux can be read.
bool kernel_has_btf();

} // namespace corescope
