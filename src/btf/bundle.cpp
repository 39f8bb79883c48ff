// SPDX-License-Identifier: BSD-2-Clause
// The file is gzip around texts and numbers (base/pack.h), the first of which says what it is; see bundle.h.
#include "btf/bundle.h"

#include "base/error.h"
#include "base/gzip.h"
#include "base/pack.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr std::string_view kMagic = "corescope btf bundle";
constexpr uint64_t kLayout = 1;
constexpr size_t kMostBytes = 256 << 20; // of a file, and of what is in it

} // namespace

void BtfBundle::add(Entry entry)
{
	const auto at = std::lower_bound(entries.begin(), entries.end(), entry,
		[](const Entry& a, const Entry& b) { return a.kernel < b.kernel; });
	if (at != entries.end() && at->kernel == entry.kernel)
		*at = std::move(entry);
	else
		entries.insert(at, std::move(entry));
}

const BtfBundle::Entry* BtfBundle::find(const KernelName& kernel) const
{
	const Entry* any = nullptr;
	for (const Entry& entry : entries) {
		if (entry.kernel == kernel)
			return &entry;
		if (entry.kernel.release == kernel.release && entry.kernel.machine == kernel.machine &&
			entry.kernel.version.empty())
			any = &entry;
	}
	return any;
}

std::string BtfBundle::cannot_answer(const std::set<BtfQuestion>& asked) const
{
	for (const BtfQuestion& question : asked)
		if (!questions.count(question.text()))
			return question.text();
	return "";
}

std::string pack_bundle(const BtfBundle& bundle)
{
	Packer out;
	out.text(kMagic);
	out.number(kLayout);
	out.text(bundle.made_by);
	out.number(bundle.questions.size());
	for (const std::string& question : bundle.questions)
		out.text(question);
	out.number(bundle.entries.size());
	for (const BtfBundle::Entry& entry : bundle.entries) {
		out.text(entry.kernel.release);
		out.text(entry.kernel.machine);
		out.text(entry.kernel.version);
		out.text(entry.raw);
	}
	return gzip(out.bytes());
}

BtfBundle unpack_bundle(std::string_view bytes, const std::string& name)
{
	BtfBundle bundle;
	uint64_t layout;
	try {
		const std::string plain = gunzip(bytes, kMostBytes);
		Unpacker in(plain);
		if (in.text() != kMagic)
			throw Malformed{};
		layout = in.number();
		bundle.made_by = in.text();
		if (layout == kLayout) {
			for (uint64_t left = in.number(); left; left--)
				bundle.questions.emplace(in.text());
			for (uint64_t left = in.number(); left; left--) {
				KernelName kernel;
				kernel.release = in.text();
				kernel.machine = in.text();
				kernel.version = in.text();
				bundle.add({std::move(kernel), std::string(in.text())});
			}
			if (in.left())
				throw Malformed{};
		}
	} catch (const Malformed&) {
		throw Error(kDataError, name + ": is no whole bundle that `corescope btf bundle` made");
	}
	if (layout != kLayout)
		throw Error(kDataError,
			name + ": corescope " + bundle.made_by + " made this bundle in layout " + std::to_string(layout) +
				", and this one reads layout " + std::to_string(kLayout) + "; make it again");
	return bundle;
}

bool is_bundle(const std::string& path)
{
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		throw Error(kUsage, path + ": cannot be opened: " + std::strerror(errno));
	char head[2];
	const ssize_t size = read(fd, head, sizeof(head));
	close(fd);
	return size == sizeof(head) && is_gzip({head, sizeof(head)});
}

BtfBundle read_bundle(const std::string& path)
{
	return unpack_bundle(bytes_of_file(path, kMostBytes), path);
}

} // namespace corescope
