// SPDX-License-Identifier: BSD-2-Clause
// Makes TCP connections in a network namespace of its own, where nobody else is, and says what each of them was: who
// connected and who closed, ports, bytes each way as counted by the programs themselves, and what TCP_INFO said.
#include "protocol.h"

#include <cerrno>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace corescope::load;

namespace {

void own_network()
{
	if (unshare(CLONE_NEWNET))
		fail(kUnsupported, "no network namespace of its own");
	const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	ifreq lo = {};
	lo.ifr_name[0] = 'l';
	lo.ifr_name[1] = 'o';
	lo.ifr_flags = IFF_UP | IFF_RUNNING;
	need(ioctl(any.get(), SIOCSIFFLAGS, &lo), "lo up");
}

long netns()
{
	struct stat status;
	need(stat("/proc/self/ns/net", &status), "ns/net");
	return static_cast<long>(status.st_ino);
}

// kind: 4, 6, or 46 for IPv4 on IPv6 sockets.
struct Address {
	sockaddr_in6 six = {};
	sockaddr_in four = {};
	long kind;
	explicit Address(long which, int port = 0) : kind(which)
	{
		four.sin_family = AF_INET;
		four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		six.sin6_family = AF_INET6;
		six.sin6_addr = in6addr_loopback;
		if (kind == 46) {
			six.sin6_addr = in6addr_any;
			six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xff;
			six.sin6_addr.s6_addr[12] = 127;
			six.sin6_addr.s6_addr[15] = 1;
		}
		four.sin_port = six.sin6_port = htons(static_cast<uint16_t>(port));
	}
	int domain() const { return kind == 4 ? AF_INET : AF_INET6; }
	sockaddr* any()
	{
		return kind == 4 ? reinterpret_cast<sockaddr*>(&four) : reinterpret_cast<sockaddr*>(&six);
	}
	socklen_t size() const { return kind == 4 ? sizeof(four) : sizeof(six); }
	int port() const { return ntohs(kind == 4 ? four.sin_port : six.sin6_port); }
};

int open_socket(const Address& address)
{
	const int fd = socket(address.domain(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(fd, "socket");
	return fd;
}

int listen_on(Address& address, int backlog = 128)
{
	const int fd = open_socket(address);
	need(bind(fd, address.any(), address.size()), "bind");
	need(listen(fd, backlog), "listen");
	socklen_t size = address.size();
	need(getsockname(fd, address.any(), &size), "getsockname");
	return fd;
}

int port_of(int fd, long kind)
{
	Address own(kind);
	socklen_t size = own.size();
	need(getsockname(fd, own.any(), &size), "getsockname");
	return own.port();
}

void send_all(int fd, long bytes)
{
	const std::vector<char> chunk(65536, 'x');
	while (bytes > 0) {
		const ssize_t n = write(fd, chunk.data(), std::min<size_t>(chunk.size(), static_cast<size_t>(bytes)));
		need(static_cast<int>(n), "write");
		bytes -= n;
	}
}

long receive(int fd, long bytes) // -1: until the end
{
	std::vector<char> chunk(65536);
	long got = 0;
	while (bytes < 0 || got < bytes) {
		const ssize_t n = read(fd, chunk.data(), chunk.size());
		if (n <= 0)
			break;
		got += n;
	}
	return got;
}

tcp_info info_of(int fd)
{
	tcp_info info = {};
	socklen_t size = sizeof(info);
	need(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
	return info;
}

// For so long each segment that comes is dropped, so that it must be sent again.
void be_deaf(int fd, long ms)
{
	sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
	const sock_fprog program = {1, &nothing};
	need(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), "SO_ATTACH_FILTER");
	sleep_us(ms * 1000);
	need(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ms, sizeof(int)), "SO_DETACH_FILTER");
}

// KIND UP DOWN [DEAF_MS]: the client sends UP bytes and says that it is done, the server, a child of the one that accepts, sends
// DOWN bytes and closes; the client closes last.
void talk(const Request& request)
{
	const long kind = request.number(0, "KIND", 4, 46), up = request.number(1, "UP", 0, 1 << 30),
			   down = request.number(2, "DOWN", 0, 1 << 30);
	const long deaf = request.args.size() > 3 ? request.number(3, "DEAF_MS", 0, 10000) : 0;
	own_network();
	Address address(kind);
	const int listener = listen_on(address);
	request.begin();
	for (long i = 0; i < request.count; i++) {
		Pipe said = make_pipe();
		const pid_t acceptor = fork();
		need(acceptor, "fork");
		if (acceptor == 0) {
			const int fd = accept(listener, nullptr, nullptr);
			const pid_t worker = fork();
			if (worker == 0) {
				if (deaf)
					be_deaf(fd, deaf);
				receive(fd, -1);
				send_all(fd, down);
				close(fd);
				_exit(0);
			}
			close(fd); // not the last
			const int32_t who = worker;
			write_all(said.wr.get(), {reinterpret_cast<const char*>(&who), sizeof(who)});
			waitpid(worker, nullptr, 0);
			_exit(0);
		}
		const int fd = open_socket(address);
		need(connect(fd, address.any(), address.size()), "connect");
		int32_t worker = 0;
		read_some(said.rd.get(), reinterpret_cast<char*>(&worker), sizeof(worker));
		send_all(fd, up);
		need(shutdown(fd, SHUT_WR), "shutdown");
		const long got = receive(fd, -1);
		const tcp_info info = info_of(fd);
		const int port = port_of(fd, kind);
		close(fd);
		need(waitpid(acceptor, nullptr, 0), "waitpid");
		Json line;
		line.number("client", getpid())
			.number("server", worker)
			.number("netns", netns())
			.number("port", port)
			.number("to", address.port());
		line.number("up", up)
			.number("down", got)
			.number("info_acked", static_cast<long>(info.tcpi_bytes_acked))
			.number("retrans", static_cast<long>(info.tcpi_total_retrans));
		line.print();
	}
	request.finish();
}

// Nobody listens.
void refused(const Request& request)
{
	own_network();
	Address address(4);
	close(listen_on(address));
	request.begin();
	const int fd = open_socket(address);
	const bool failed = connect(fd, address.any(), address.size()) && errno == ECONNREFUSED;
	Json line;
	line.number("client", getpid())
		.number("netns", netns())
		.number("to", address.port())
		.flag("refused", failed)
		.print();
	close(fd);
	request.finish();
}

// The client breaks the connection off; the server, another process, learns of it and closes much later.
void reset(const Request& request)
{
	own_network();
	Address address(4);
	const int listener = listen_on(address);
	request.begin();
	Pipe go = make_pipe();
	const pid_t server = fork();
	need(server, "fork");
	if (server == 0) {
		const int fd = accept(listener, nullptr, nullptr);
		char c;
		read_some(go.rd.get(), &c, 1);
		close(fd);
		_exit(0);
	}
	const int fd = open_socket(address);
	need(connect(fd, address.any(), address.size()), "connect");
	send_all(fd, 1000);
	const linger none = {1, 0};
	need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), "SO_LINGER");
	const int port = port_of(fd, 4);
	close(fd);
	write_all(go.wr.get(), "x");
	need(waitpid(server, nullptr, 0), "waitpid");
	Json line;
	line.number("client", getpid())
		.number("server", server)
		.number("netns", netns())
		.number("port", port)
		.number("to", address.port())
		.number("up", 1000)
		.print();
	request.finish();
}

// One after the other as fast as it goes: the server closes first.
void burst(const Request& request)
{
	own_network();
	Address address(4);
	const int listener = listen_on(address);
	request.begin();
	for (long i = 0; i < request.count; i++) {
		const int fd = open_socket(address);
		const linger none = {
			1, 0}; // leaves no TIME_WAIT behind, of which there is room for as many as there are ports
		need(connect(fd, address.any(), address.size()), "connect");
		const int other = accept(listener, nullptr, nullptr);
		need(setsockopt(other, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), "SO_LINGER");
		close(other);
		close(fd);
	}
	Json line;
	line.number("client", getpid()).number("netns", netns()).number("ends", 2 * request.count).print();
	request.finish();
}

// Is there when the tool begins, and ends afterwards.
void before(const Request& request)
{
	own_network();
	Address address(4);
	const int listener = listen_on(address);
	const int fd = open_socket(address);
	need(connect(fd, address.any(), address.size()), "connect");
	const int other = accept(listener, nullptr, nullptr);
	send_all(fd, 5000);
	receive(other, 5000);
	request.begin();
	const int port = port_of(fd, 4);
	close(fd);
	receive(other, -1);
	close(other);
	Json line;
	line.number("client", getpid())
		.number("netns", netns())
		.number("port", port)
		.number("to", address.port())
		.number("up", 5000)
		.print();
	request.finish();
}

constexpr Case kCases[] = {{"talk", "KIND UP DOWN [DEAF_MS]", talk}, {"refused", "", refused},
	{"reset", "", reset}, {"burst", "", burst}, {"before", "", before}};

} // namespace

int main(int argc, char** argv) { return run(argc, argv, kCases); }
