// SPDX-License-Identifier: BSD-2-Clause
// See without_btf.h.
#include "without_btf.h"

#include "harness.h"

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope::test {

namespace {

std::string scratch_file(const char* kind)
{
	std::string name = std::string("/tmp/corescope-") + kind + "-XXXXXX";
	const int fd = mkstemp(name.data());
	REQUIRE(fd >= 0);
	close(fd);
	return name;
}

} // namespace

std::string WithoutBtf::problem()
{
	if (auto why = no_own_mounts(); !why.empty())
		return why;
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return "this kernel has no BTF to hide";
	Process trial({"/bin/sh", "-c", "unshare -m true"});
	trial.rest();
	return trial.wait() == 0 ? "" : "needs unshare(1): " + trial.errors();
}

WithoutBtf::WithoutBtf(const std::vector<std::string>& arguments)
{
	const std::string tool = corescope_path();
	const char* set = std::getenv("CORESCOPE");
	was_set_ = set;
	before_ = set ? set : "";
	script_ = scratch_file("without-btf");
	std::string further;
	for (const std::string& argument : arguments)
		further += " '" + argument + "'";
	std::ofstream(script_) << "#!/bin/sh\n"
							  "[ -n \"$WITHOUT_BTF\" ] || WITHOUT_BTF=1 exec unshare -m \"$0\" \"$@\"\n"
							  "mount --make-rprivate / && mount -t tmpfs none /sys/kernel/btf || exit 126\n"
							  "unset WITHOUT_BTF\n"
							  "exec '"
						   << tool << "' \"$@\"" << further << "\n";
	REQUIRE(chmod(script_.c_str(), 0755) == 0);
	REQUIRE(setenv("CORESCOPE", script_.c_str(), 1) == 0);
}

WithoutBtf::~WithoutBtf()
{
	if (was_set_)
		setenv("CORESCOPE", before_.c_str(), 1);
	else
		unsetenv("CORESCOPE");
	unlink(script_.c_str());
}

std::string own_bundle()
{
	struct Bundle {
		std::string path = scratch_file("bundle");
		Bundle()
		{
			Process make({corescope_path(), "btf", "bundle", "-o", path});
			const std::string said = make.rest();
			INFO(said << make.errors());
			REQUIRE(make.wait() == 0);
		}
		~Bundle() { unlink(path.c_str()); }
	};
	static const Bundle bundle;
	return bundle.path;
}

} // namespace corescope::test
