// SPDX-License-Identifier: BSD-2-Clause
// XDP programs and tc filters, which belong to a device of a network namespace: asked for by rtnetlink, in each namespace
// that a process lives in or that has a name.
#include "bpf/attachments.h"

#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

using Attributes = std::function<void(uint16_t type, const void* data, size_t size)>;

void each_attribute(const void* data, size_t size, const Attributes& each)
{
	auto left = static_cast<int>(size);
	for (auto* a = static_cast<const rtattr*>(data); RTA_OK(a, left); a = RTA_NEXT(a, left))
		each(a->rta_type & NLA_TYPE_MASK, RTA_DATA(a), RTA_PAYLOAD(a));
}

uint32_t number(const void* data, size_t size)
{
	uint32_t value = 0;
	std::memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	return value;
}

std::string word(const void* data, size_t size)
{
	const auto* text = static_cast<const char*>(data);
	return {text, strnlen(text, size)};
}

class Netlink {
public:
	Netlink() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {}

	// Each message of an answer: its header (Body) and its attributes. False if the kernel refuses.
	template <class Body>
	bool dump(
		uint16_t type, const Body& body, const std::function<void(const Body&, const void*, size_t)>& each)
	{
		struct {
			nlmsghdr header;
			Body body;
		} request = {};
		request.header.nlmsg_len = NLMSG_LENGTH(sizeof(Body));
		request.header.nlmsg_type = type;
		request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		request.header.nlmsg_seq = ++sequence_;
		request.body = body;
		if (!socket_ || send(socket_.get(), &request, request.header.nlmsg_len, 0) < 0)
			return false;
		alignas(nlmsghdr) static char answer[64 * 1024];
		for (;;) {
			const ssize_t n = recv(socket_.get(), answer, sizeof(answer), 0);
			if (n <= 0)
				return false;
			auto left = static_cast<unsigned>(n);
			for (auto* m = reinterpret_cast<const nlmsghdr*>(answer); NLMSG_OK(m, left);
				 m = NLMSG_NEXT(m, left)) {
				if (m->nlmsg_seq != sequence_)
					continue;
				if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
					return m->nlmsg_type == NLMSG_DONE;
				if (m->nlmsg_len < NLMSG_LENGTH(sizeof(Body)))
					continue;
				const auto* found = static_cast<const Body*>(NLMSG_DATA(m));
				each(*found, reinterpret_cast<const char*>(found) + NLMSG_ALIGN(sizeof(Body)),
					m->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(sizeof(Body))));
			}
		}
	}

private:
	Descriptor socket_;
	uint32_t sequence_ = 0;
};

// A device's tc filters at one place.
void find_filters(Netlink& netlink, Attachments& found, int device, const std::string& name, uint32_t parent,
	const char* kind)
{
	tcmsg body = {};
	body.tcm_ifindex = device;
	body.tcm_parent = parent;
	netlink.dump<tcmsg>(RTM_GETTFILTER, body, [&](const tcmsg& filter, const void* data, size_t size) {
		bool bpf = false;
		uint32_t prog = 0;
		each_attribute(data, size, [&](uint16_t type, const void* at, size_t bytes) {
			if (type == TCA_KIND)
				bpf = word(at, bytes) == "bpf";
			if (type == TCA_OPTIONS && bpf)
				each_attribute(at, bytes, [&](uint16_t option, const void* value, size_t length) {
					if (option == TCA_BPF_ID)
						prog = number(value, length);
				});
		});
		if (prog)
			found.emplace(
				prog, Attachment{kind, name + " handle " + std::to_string(filter.tcm_handle), 0, true});
	});
}

// The namespace that this thread is in.
void find_here(Attachments& found, const std::string& suffix)
{
	Netlink netlink;
	std::map<int, std::string> devices;
	netlink.dump<ifinfomsg>(
		RTM_GETLINK, ifinfomsg{}, [&](const ifinfomsg& device, const void* data, size_t size) {
			std::string name;
			std::set<uint32_t> progs;
			each_attribute(data, size, [&](uint16_t type, const void* at, size_t bytes) {
				if (type == IFLA_IFNAME)
					name = word(at, bytes) + suffix;
				if (type == IFLA_XDP)
					each_attribute(at, bytes, [&](uint16_t part, const void* value, size_t length) {
						if (part == IFLA_XDP_PROG_ID || part == IFLA_XDP_DRV_PROG_ID ||
							part == IFLA_XDP_SKB_PROG_ID || part == IFLA_XDP_HW_PROG_ID)
							progs.insert(number(value, length));
					});
			});
			devices[device.ifi_index] = name;
			for (const uint32_t prog : progs)
				if (prog)
					found.emplace(prog, Attachment{"xdp", name, 0, true});
		});
	for (const auto& [device, name] : devices) {
		find_filters(netlink, found, device, name, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "tc/ingress");
		find_filters(netlink, found, device, name, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "tc/egress");
		find_filters(netlink, found, device, name, 0, "tc");
	}
}

struct Namespace {
	std::string path, name;
};

// Every network namespace but our own, once.
std::vector<Namespace> other_namespaces()
{
	std::vector<Namespace> namespaces;
	struct stat about;
	std::set<ino_t> seen;
	if (stat("/proc/self/ns/net", &about) == 0)
		seen.insert(about.st_ino);
	const auto note = [&](const std::string& path, const std::string& name) {
		if (stat(path.c_str(), &about) == 0 && seen.insert(about.st_ino).second)
			namespaces.push_back({path, name.empty() ? "netns " + std::to_string(about.st_ino) : name});
	};
	const auto walk = [&](const char* folder, const auto& each) {
		if (DIR* entries = opendir(folder)) {
			while (const dirent* entry = readdir(entries))
				if (entry->d_name[0] != '.')
					each(std::string(entry->d_name));
			closedir(entries);
		}
	};
	walk("/run/netns", [&](const std::string& name) { note("/run/netns/" + name, name); });
	walk("/proc", [&](const std::string& pid) {
		if (std::strtol(pid.c_str(), nullptr, 10) > 0)
			note("/proc/" + pid + "/ns/net", "");
	});
	return namespaces;
}

} // namespace

void find_on_devices(Attachments& found, unsigned& not_seen)
{
	find_here(found, "");
	const Descriptor home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	if (!home)
		return;
	for (const Namespace& other : other_namespaces()) {
		const Descriptor there(open(other.path.c_str(), O_RDONLY | O_CLOEXEC));
		if (!there || setns(there.get(), CLONE_NEWNET)) {
			not_seen++;
			continue;
		}
		find_here(found, " in " + other.name);
		if (setns(home.get(), CLONE_NEWNET))
			return; // nothing that comes after depends on where we are
	}
}

} // namespace corescope
