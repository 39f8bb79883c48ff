// SPDX-License-Identifier: BSD-2-Clause
// `corescope btf bundle`: of each kernel's types, those that the BPF objects in this binary ask for. No other program
// is needed, no privilege, and not the kernel that it is for.
#include "commands/btf.h"

#include "base/error.h"
#include "bpf/kernel_types.h"
#include "btf/bundle.h"
#include "btf/minimal.h"
#include "cli/tool.h"
#include "cli/version.h"
#include "output/buffer.h"
#include "output/text_file.h"

#include <set>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace corescope {

namespace {

constexpr const char* kOwnBtf = "/sys/kernel/btf/vmlinux";

struct BundleOptions {
	std::string out = kBtfBundleName;
	std::vector<std::string> files;
};
constexpr OptionSpec kOptions[] = {
	option<&BundleOptions::out>('o', "out", "FILE",
		"where it goes (default kernels.btfs); into a folder under that name; - for standard output"),
};
constexpr PositionalSpec kPositionals[] = {positional<&BundleOptions::files>("[RELEASE=]BTF", true)};

constexpr const char* kDetails =
	"BTF is raw BTF as kernels have it in /sys/kernel/btf/vmlinux, a vmlinux with a section .BTF,\n"
	"or a bundle whose kernels are taken over. None: this kernel's own. The release (uname -r) is\n"
	"that of the vmlinux, or the file's name: 5.4.0-150-generic.btf, vmlinux-5.4.0-150-generic.\n\n"
	"Examples:\n"
	"  corescope btf bundle *.btf                     of many kernels, into kernels.btfs\n"
	"  corescope btf bundle -o /var/lib/corescope/btf old.btfs 5.15.0-7=/tmp/new\n"
	"  corescope execsnoop --btf kernels.btfs         on a host that runs one of them";

std::set<BtfQuestion> all_questions()
{
	std::set<BtfQuestion> all;
	for (const Tool* tool : all_tools())
		if (const std::string object = tool->object_without_btf(); !object.empty())
			all.merge(btf_questions(object));
	return all;
}

// "5.4.0-150-generic" of ".../vmlinux-5.4.0-150-generic" or ".../5.4.0-150-generic.btf"; "" if the name is none.
std::string release_in(const std::string& path)
{
	std::string name = path.substr(path.rfind('/') + 1);
	for (const std::string_view head : {"vmlinux-", "vmlinuz-"})
		if (name.rfind(head, 0) == 0)
			name.erase(0, head.size());
	constexpr std::string_view kEnd = ".btf";
	if (name.size() > kEnd.size() && name.compare(name.size() - kEnd.size(), kEnd.size(), kEnd) == 0)
		name.resize(name.size() - kEnd.size());
	return !name.empty() && name[0] >= '0' && name[0] <= '9' ? name : "";
}

class Bundler {
public:
	explicit Bundler(BtfBundle& bundle) : bundle_(bundle), questions_(all_questions())
	{
		bundle.made_by = version();
		for (const BtfQuestion& question : questions_)
			bundle.questions.insert(question.text());
	}

	// word: as it stands on the command line.
	void add(const std::string& word)
	{
		// A path may have a sign of equality in it, a release has neither that nor a slash.
		const size_t sign = word.find('=');
		const bool named = sign != std::string::npos && word.find('/') > sign;
		const std::string path = named ? word.substr(sign + 1) : word;
		if (!named && is_bundle(path))
			return add_bundle(path);
		const BtfFile file = read_btf_file(path);
		KernelName kernel = file.kernel;
		if (named)
			kernel.release = word.substr(0, sign);
		else if (path == kOwnBtf)
			kernel = running_kernel();
		else if (kernel.release.empty())
			kernel.release = release_in(path);
		if (kernel.release.empty())
			throw Error(
				kUsage, path + ": of which kernel is it? write RELEASE=" + path + " (RELEASE: its uname -r)");
		bundle_.add({std::move(kernel), minimal_btf(file.types.get(), questions_)});
	}

private:
	void add_bundle(const std::string& path)
	{
		BtfBundle other = read_bundle(path);
		if (const std::string question = other.cannot_answer(questions_); !question.empty())
			throw Error(kUnavailable,
				path + ": corescope " + other.made_by + " made this bundle, which says nothing of " +
					question + "; make it again from the kernels' types");
		for (BtfBundle::Entry& entry : other.entries)
			bundle_.add(std::move(entry));
	}

	BtfBundle& bundle_;
	std::set<BtfQuestion> questions_;
};

bool is_folder(const std::string& path)
{
	struct stat found {};
	return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

} // namespace

int btf_bundle(int argc, char** argv)
{
	BundleOptions options;
	const OptionSet sets[] = {{nullptr, kOptions, &options}};
	parse_command_line({"btf bundle", "of kernels' types, what the tools need, in one small file", kDetails,
						   sets, kPositionals, &options},
		argc, argv);
	if (options.files.empty()) {
		if (!kernel_has_btf())
			throw Error(kUnavailable,
				std::string("this kernel offers no type information (") + kOwnBtf +
					"): name a file that has it");
		options.files.emplace_back(kOwnBtf);
	}
	BtfBundle bundle;
	Bundler bundler(bundle);
	for (const std::string& word : options.files)
		bundler.add(word);
	const std::string bytes = pack_bundle(bundle);
	Buffer out;
	if (options.out == "-") {
		out.append(bytes);
	} else {
		if (is_folder(options.out))
			options.out += std::string("/") + kBtfBundleName;
		replace_file(options.out, bytes);
		out.append(options.out + ": " + std::to_string(bundle.entries.size()) +
			(bundle.entries.size() == 1 ? " kernel, " : " kernels, ") + std::to_string(bytes.size()) +
			" bytes\n");
	}
	write_out(out);
	return kOk;
}

} // namespace corescope
