// SPDX-License-Identifier: BSD-2-Clause
// See pinned.h.
#include "pinned.h"

#include "base/error.h"
#include "bpf/pin.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <fstream>
#include <grp.h>
#include <sstream>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace corescope::test {

namespace {

std::string own_name(const std::string& what)
{
	static int number = 0;
	return "test-" + std::to_string(getpid()) + "-" + std::to_string(number++) + "-" + what;
}

} // namespace

OwnPin::OwnPin(const std::string& what) : name_(own_name(what)) {}

OwnPin::~OwnPin()
{
	try {
		remove_pin(name_);
	} catch (const Error&) { // most have removed it themselves
	}
}

std::string OwnPin::folder() const { return std::string(kPinFolder) + "/" + name_; }

Done corescope(const Words& arguments, const Process::Setup& setup)
{
	Words command = {corescope_path()};
	command.insert(command.end(), arguments.begin(), arguments.end());
	Process process(command, setup);
	Done done;
	done.out = process.rest();
	done.status = process.wait();
	done.err = process.errors();
	return done;
}

std::string must(const Words& arguments)
{
	CAPTURE(arguments);
	const Done done = corescope(arguments);
	CAPTURE(done.err);
	REQUIRE(done.status == 0);
	CHECK(done.err.empty());
	return done.out;
}

std::vector<Json> read_pin(const std::string& name, const Words& arguments, std::string* errors)
{
	Words command = {"pinned", "read", name, "--output", "json"};
	command.insert(command.end(), arguments.begin(), arguments.end());
	const Done done = corescope(command);
	CAPTURE(done.err);
	REQUIRE(done.status == 0);
	if (errors)
		*errors = done.err;
	else
		CHECK(done.err.empty());
	std::vector<Json> records;
	std::istringstream lines(done.out);
	for (std::string line; std::getline(lines, line);)
		records.push_back(Json::parse(line));
	REQUIRE(records.size() >= 2);
	CHECK(records.front().at("type") == "meta");
	CHECK(records.back().at("type") == "summary");
	return records;
}

Json listed_pin(const std::string& name)
{
	std::istringstream lines(must({"pinned", "list", "--output", "json"}));
	for (std::string line; std::getline(lines, line);) {
		const Json pin = Json::parse(line);
		CHECK(pin.at("type") == "pin");
		if (pin.at("name") == name)
			return pin;
	}
	return {};
}

std::vector<uint32_t> programs_of_pin(const std::string& folder)
{
	std::vector<uint32_t> ids;
	for (int i = 0;; i++) {
		const int fd = bpf_obj_get((folder + "/link_" + std::to_string(i)).c_str());
		if (fd < 0)
			break;
		bpf_link_info info = {};
		__u32 size = sizeof(info);
		REQUIRE(bpf_obj_get_info_by_fd(fd, &info, &size) == 0);
		ids.push_back(info.prog_id);
		close(fd);
	}
	return ids;
}

bool program_exists(uint32_t id)
{
	const int fd = bpf_prog_get_fd_by_id(id);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool programs_go(const std::vector<uint32_t>& ids)
{
	for (int i = 0; i < kPatienceMs; i++) {
		if (std::none_of(ids.begin(), ids.end(), program_exists))
			return true;
		const timespec nap = {0, 1000000};
		nanosleep(&nap, nullptr);
	}
	return false;
}

bool is_one_line(const std::string& text) { return text.size() > 10 && text.find('\n') == text.size() - 1; }

} // namespace corescope::test
