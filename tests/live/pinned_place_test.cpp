// SPDX-License-Identifier: BSD-2-Clause
// Where and by whom things are pinned and read: without privilege, without a BPF file system, on kernels that cannot
// pin a hook, and beside pins of other versions or of nobody we know.
#include "pinned.h"

#include "base/error.h"
#include "bpf/pin.h"
#include "cli/pin.h"

#include <bpf/bpf.h>

#include <cstring>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope::test {

namespace {

Done run_as(const Words& command, const Process::Setup& setup)
{
	Process process(command, setup);
	Done done;
	done.out = process.rest();
	done.status = process.wait();
	done.err = process.errors();
	return done;
}

Done as_nobody(Words words)
{
	words.insert(words.begin(), public_corescope());
	Process::Setup setup;
	setup.in_child = become_nobody;
	return run_as(words, setup);
}

void without_bpffs()
{
	if (!own_mounts())
		_exit(126);
	while (umount2(kBpffs, MNT_DETACH) == 0) {}
}

struct Fd {
	int fd;
	~Fd() { close(fd); }
};

// A pin as a corescope would make it that says this of itself.
void pin_by_hand(const std::string& name, const std::string& about)
{
	NewPin pin(name);
	const Fd description{make_about_map(about)};
	pin.add_map(kPinAbout, description.fd);
	pin.publish();
}

} // namespace

TEST_CASE("pinned: without privilege it is 77, one line, and nothing on stdout")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("nobody");
	must({"cpudist", "--pin", pin.name()});
	for (const Words& words : {Words{"pinned", "read", pin.name()}, Words{"pinned", "list"},
			 Words{"pinned", "remove", pin.name()}, Words{"cpudist", "--pin", pin.name() + "-2"}}) {
		CAPTURE(words);
		const Done done = as_nobody(words);
		CHECK(done.status == 77);
		CHECK(done.out.empty());
		CAPTURE(done.err);
		CHECK(is_one_line(done.err));
	}
	CHECK(listed_pin(pin.name()).at("readable") == "yes");
}

TEST_CASE("pinned read: whoever may read the pin's files needs no other privilege", "[alone]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("group");
	must({"cpudist", "--pin", pin.name()});
	// A mount of its own is the same file system only by its path, so the permissions are opened and closed again here,
	// for the pins of all.
	struct Open {
		std::vector<std::pair<std::string, mode_t>> before;
		void up(const std::string& path, mode_t mode)
		{
			struct stat about;
			REQUIRE(stat(path.c_str(), &about) == 0);
			before.emplace_back(path, about.st_mode & 07777);
			REQUIRE(chmod(path.c_str(), mode) == 0);
		}
		~Open()
		{
			for (auto one = before.rbegin(); one != before.rend(); ++one)
				chmod(one->first.c_str(), one->second);
		}
	} open;
	open.up(kBpffs, 01755);
	open.up(kPinFolder, 0755);
	open.up(pin.folder(), 0755);
	for (const char* map : {kPinAbout, kPinHistograms, kPinShared, "prog_0"})
		open.up(pin.folder() + "/" + map, 0644);
	const Done done = as_nobody({"pinned", "read", pin.name()});
	CAPTURE(done.err);
	if (done.status == 77 && done.err.find("not permitted") != std::string::npos)
		SKIP_TEST("this kernel lets nobody without privilege open a map (before 5.19)");
	CHECK(done.status == 0);
	CHECK(done.out.find("count ") != std::string::npos);
	const Done list = as_nobody({"pinned", "list"});
	CHECK(list.status == 0);
	CHECK(list.out.find(pin.name()) != std::string::npos);
	CHECK(as_nobody({"pinned", "remove", pin.name()}).status == 77);
}

TEST_CASE("--pin: mounts the BPF file system where there is none, and says what to do where it cannot")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("mount");
	Process::Setup setup;
	setup.in_child = without_bpffs;
	const std::string corescope = corescope_path();
	const std::string ways = corescope + " pinned list --no-header && " + corescope + " cpudist --pin " +
		pin.name() + " && " + corescope + " pinned list --no-header && " + corescope + " pinned read " +
		pin.name() + " --output csv && " + corescope + " pinned remove " + pin.name();
	const Done done = run_as({"/bin/sh", "-c", ways}, setup);
	CAPTURE(done.err);
	CHECK(done.status == 0);
	CHECK(done.err.empty());
	CHECK(done.out.rfind(pin.name() + " cpudist ", 0) == 0); // and before there was nothing
	CHECK(done.out.find("\ntype,ts,") != std::string::npos);
	CHECK(access(pin.folder().c_str(), F_OK) != 0); // it was another file system

	setup.in_child = [] {
		without_bpffs();
		if (mount("none", "/sys/fs", "tmpfs", MS_RDONLY, nullptr) != 0)
			_exit(126);
	};
	const Done without = run_as({corescope, "cpudist", "--pin", pin.name()}, setup);
	CHECK(without.status == 69);
	CHECK(without.out.empty());
	CHECK(is_one_line(without.err));
	CHECK(without.err.find("mount -t bpf bpf /sys/fs/bpf") != std::string::npos);
	const Done read = run_as({corescope, "pinned", "read", pin.name()}, setup);
	CHECK(read.status == 1);
	CHECK(is_one_line(read.err));
	CHECK(run_as({corescope, "pinned", "list"}, setup).status == 0);
}

TEST_CASE("--pin: a folder of somebody else's is not written to")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	Process::Setup setup;
	setup.in_child = [] {
		without_bpffs();
		if (mount("bpf", kBpffs, "bpf", 0, "mode=01777") != 0 || mkdir(kPinFolder, 0777) != 0 ||
			chown(kPinFolder, 65534, 65534) != 0)
			_exit(126);
	};
	const Done done = run_as({corescope_path(), "cpudist", "--pin", "x"}, setup);
	CHECK(done.status == 1);
	CHECK(is_one_line(done.err));
	CHECK(done.err.find("belongs to somebody else") != std::string::npos);
}

TEST_CASE("--pin: a hook that this kernel cannot pin is 69, says so, and leaves nothing")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin name("perf");
	perf_event_attr attr = {};
	attr.type = PERF_TYPE_SOFTWARE;
	attr.size = sizeof(attr);
	attr.config = PERF_COUNT_SW_DUMMY;
	const Fd event{static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC))};
	REQUIRE(event.fd >= 0);
	try {
		NewPin pin(name.name()); // what libbpf calls a link is a perf event before 5.15
		const Fd map{make_about_map("x")};
		pin.add_map(kPinAbout, map.fd);
		pin.add_link(event.fd, "tp/sched/sched_switch");
		FAIL("a perf event was pinned");
	} catch (const Error& error) {
		CHECK(error.code == kUnavailable);
		CHECK(error.message.find("tp/sched/sched_switch") != std::string::npos);
		CHECK(error.message.find("5.15") != std::string::npos);
		CHECK(error.message.find('\n') == std::string::npos);
	}
	CHECK(listed_pin(name.name()).is_null());
	CHECK(access(name.folder().c_str(), F_OK) != 0);
}

TEST_CASE(
	"pinned: one of another layout, and one that is none of ours, are listed with why, and can be removed")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin later("later"), alien("alien");
	PinAbout about;
	about.identity = random_id();
	about.source.tool = "futuredist";
	about.source.version = "99.1.0";
	about.source.unit = {"parsecs", "pc", 12345, HistBase::none};
	about.layout = kPinLayout + 1;
	pin_by_hand(later.name(), pack_about(about));
	pin_by_hand(alien.name(), std::string(64, '\x7f'));

	const Json line = listed_pin(later.name());
	CHECK(line.at("readable") == "no");
	CHECK(line.at("tool") == "futuredist");
	CHECK(line.at("version") == "99.1.0");
	CHECK(line.at("problem").get<std::string>().find("layout 2") != std::string::npos);
	const Done read = corescope({"pinned", "read", later.name()});
	CHECK(read.status == 69);
	CHECK(read.out.empty());
	CHECK(is_one_line(read.err));
	CHECK(read.err.find("99.1.0") != std::string::npos);

	const Json other = listed_pin(alien.name());
	CHECK(other.at("readable") == "no");
	CHECK(other.at("tool").is_null());
	CHECK(corescope({"pinned", "read", alien.name()}).status == 65);
	const std::string table = must({"pinned", "list"});
	CHECK(table.find("\n" + later.name() + " ") != std::string::npos);
	CHECK(table.find("\n" + alien.name() + " ") != std::string::npos);
	must({"pinned", "remove", later.name()});
	must({"pinned", "remove", alien.name()});
}

TEST_CASE("pinned read: needs neither the kernel's type information nor any program of its own")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("light");
	must({"cpudist", "-P", "--pin", pin.name()});
	Process::Setup setup;
	setup.in_child = [] {
		if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
			mount("none", "/sys/kernel", "tmpfs", MS_RDONLY, nullptr) != 0)
			_exit(126);
	};
	const Done done = run_as({corescope_path(), "pinned", "read", pin.name()}, setup);
	CAPTURE(done.err);
	CHECK(done.status == 0);
	CHECK(done.out.find("pid = ") != std::string::npos);
	CHECK(
		run_as({corescope_path(), "cpudist", "--duration", "1ms"}, setup).status == 69); // it was away indeed
}

} // namespace corescope::test
