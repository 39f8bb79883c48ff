// SPDX-License-Identifier: BSD-2-Clause
// See kernel_types.h. A file is believed only as far as it can be tried: a bundle by the kernel's full name, everything
// by reading something that is known.
#include "bpf/kernel_types.h"

#include "base/error.h"
#include "bpf/explain.h"
#include "bpf/types_trial.h"
#include "btf/bundle.h"
#include "btf/file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr const char* kOwnBtf = "/sys/kernel/btf/vmlinux";
constexpr size_t kMostOwnBytes = 64 << 20;

std::string usual_file()
{
	// Not for a binary with file capabilities: who runs it may read less than it.
	if (const char* named = secure_getenv("CORESCOPE_BTF"); named && *named)
		return named;
	const std::string release = running_kernel().release;
	for (const char* folder : kBtfFolders)
		for (const std::string& name : {release + ".btf", std::string(kBtfBundleName)})
			if (std::string path = std::string(folder) + "/" + name; access(path.c_str(), R_OK) == 0)
				return path;
	return "";
}

std::string kernel_text(const KernelName& kernel)
{
	return "Linux " + kernel.release + " " + kernel.machine +
		(kernel.version.empty() ? "" : " (" + kernel.version + ")");
}

// Of a vmlinux we know its name; of raw BTF, the machine.
void require_same(const std::string& file, const KernelName& its)
{
	const KernelName ours = running_kernel();
	if (its.machine != ours.machine || (!its.release.empty() && its.release != ours.release) ||
		(!its.version.empty() && its.version != ours.version))
		throw Error(kUnavailable,
			file + ": is of " + (its.release.empty() ? "a kernel for " + its.machine : kernel_text(its)) +
				", and this is " + kernel_text(ours));
}

} // namespace

bool kernel_has_btf() { return access(kOwnBtf, R_OK) == 0; }

KernelTypes::KernelTypes(const std::string& asked)
{
	const bool offered = kernel_has_btf();
	const std::string file = !asked.empty() ? asked : offered ? "" : usual_file();
	if (!offered && file.empty())
		throw explain_no_btf();
	file_ = file;
	if (file.empty())
		return;
	try {
		take();
	} catch (const Error& error) {
		throw Error(error.code, "--btf: " + error.message);
	}
}

KernelTypes::~KernelTypes()
{
	if (memory_ >= 0)
		close(memory_);
}

void KernelTypes::hold(std::string_view raw)
{
	memory_ = memfd_create("btf", MFD_CLOEXEC);
	if (memory_ < 0 || write(memory_, raw.data(), raw.size()) != static_cast<ssize_t>(raw.size()))
		throw Error(kFailure, std::string("cannot keep the types in memory: ") + std::strerror(errno));
	path_ = "/proc/self/fd/" + std::to_string(memory_);
}

void KernelTypes::take()
{
	if (is_bundle(file_)) {
		take_from_bundle();
	} else {
		const BtfFile given = read_btf_file(file_);
		require_same(file_, given.kernel);
		own_ = kernel_has_btf() && bytes_of_file(kOwnBtf, kMostOwnBytes) == given.raw();
		if (own_)
			return; // the same again
		hold(given.raw());
	}
	const Btf types(btf__parse(path(), nullptr));
	if (!types || !damage_of(types.get()).empty())
		throw Error(kDataError, file_ + ": what it has for this kernel is damaged");
	if (!types_fit_this_kernel(types.get()))
		throw Error(kUnavailable,
			file_ +
				": is of another kernel: where it says that a process' name lies, this one has something else");
}

void KernelTypes::take_from_bundle()
{
	bundle_ = std::make_unique<BtfBundle>(read_bundle(file_));
	const KernelName ours = running_kernel();
	const BtfBundle::Entry* entry = bundle_->find(ours);
	if (!entry) {
		std::string others;
		for (const BtfBundle::Entry& one : bundle_->entries)
			if (one.kernel.release == ours.release && one.kernel.machine == ours.machine)
				others = ", only another build of that release, " + one.kernel.version;
		throw Error(kUnavailable,
			file_ + ": this bundle of " + std::to_string(bundle_->entries.size()) + " kernels has none for " +
				kernel_text(ours) + others + "; `corescope btf list` tells which it has");
	}
	own_ = false; // numbers of types are others
	hold(entry->raw);
	bundle_->entries.clear();
}

void KernelTypes::require(std::string_view elf) const
{
	if (!bundle_)
		return;
	if (const std::string question = bundle_->cannot_answer(btf_questions(elf)); !question.empty())
		throw Error(kUnavailable,
			"--btf: " + file_ + ": corescope " + bundle_->made_by +
				" made this bundle, which says nothing of " + question +
				"; make it again with this corescope");
}

} // namespace corescope
