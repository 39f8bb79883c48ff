// SPDX-License-Identifier: BSD-2-Clause
// tcplife tells both ends of each connection once, with their processes and with the bytes that these counted themselves.
#include "harness.h"

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

// Records of the load's own network.
struct Session {
	std::vector<Json> records;
	Json truth;
	Json summary;
	std::string skip; // why there is none

	// The end whose local port this is.
	const Json& end(const Json& port, const Json& state = nullptr) const
	{
		for (const Json& record : records)
			if (record.at("lport") == port && (state.is_null() || record.at("new_state") == state))
				return record;
		FAIL("no record of port " << port);
		return records.front();
	}
};

// `wanted` records of the load's network are waited for: its ends are closed by the kernel, which may come to it after the
// processes are gone.
Session trace(Words words, const Words& load_words, size_t wanted)
{
	Load load("tcpload", load_words);
	if (load.ready().is_null())
		return {{}, {}, {}, load.errors()};
	words.insert(words.begin(), "tcplife");
	Tool tool(words);
	load.go();
	Session session;
	session.truth = load.truth().at(0);
	CHECK(load.finish() == 0);
	const auto ours = [&](const Json& record) {
		return record.at("type") == "event" && record.at("netns") == session.truth.at("netns");
	};
	for (size_t seen = 0; seen < wanted; seen++)
		tool.until(ours);
	tool.stop();
	session.summary = tool.summary();
	for (const Json& record : tool.records())
		if (ours(record))
			session.records.push_back(record);
	return session;
}

} // namespace

#define NEED_NETWORK(session)          \
	do {                               \
		if (!(session).skip.empty())   \
			SKIP_TEST((session).skip); \
	} while (false)

TEST_CASE("tcplife: both ends of a connection, each with its process, its bytes and its retransmits")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string kind = GENERATE("4", "6", "46");
	const Words words = GENERATE(Words{}, Words{"--hook", "tp_btf+hash"}, Words{"--hook", "raw_tp+hash"});
	CAPTURE(kind, words);
	const Session session = trace(words, {"talk", kind, "3000000", "70001"}, 2);
	NEED_NETWORK(session);
	const Json& truth = session.truth;
	REQUIRE(session.records.size() == 2);
	const Json &client = session.end(truth.at("port")), &server = session.end(truth.at("to"));
	CAPTURE(truth.dump(), client.dump(), server.dump());
	CHECK(client.at("pid") == truth.at("client"));
	CHECK(server.at("pid") ==
		truth.at("server")); // not the one that accepted, nor the client, on top of which it was born
	CHECK(client.at("comm") == "tcpload");
	CHECK(client.at("direction") == "out");
	CHECK(server.at("direction") == "in");
	CHECK(client.at("tx_bytes") == truth.at("up"));
	CHECK(client.at("rx_bytes") == truth.at("down"));
	CHECK(server.at("tx_bytes") == truth.at("down"));
	CHECK(server.at("rx_bytes") == truth.at("up"));
	CHECK(client.at("tx_bytes").get<long>() + 2 == truth.at("info_acked")); // which counts SYN and FIN
	CHECK(client.at("retrans") == truth.at("retrans"));
	CHECK(client.at("family") == (kind == "6" ? 6 : 4));
	CHECK(client.at("raddr") == (kind == "6" ? "::1" : "127.0.0.1"));
	CHECK(client.at("rport") == truth.at("to"));
	CHECK(server.at("rport") == truth.at("port"));
	CHECK(client.at("established") == true);
	CHECK(client.at("error").is_null());
	CHECK(client.at("min_rtt_us") > 0);
	const int64_t duration = client.at("duration_ns");
	CHECK(duration >= client.at("connect_ns").get<int64_t>() + client.at("established_ns").get<int64_t>());
	CHECK(client.at("established_ns") > 0);
}

TEST_CASE("tcplife: segments that were sent again are counted, and no byte twice")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Session session = trace({}, {"talk", "4", "200000", "10", "500"}, 2);
	NEED_NETWORK(session);
	const Json& client = session.end(session.truth.at("port"));
	CAPTURE(client.dump(), session.truth.dump());
	CHECK(client.at("retrans") >= 1);
	CHECK(client.at("retrans") == session.truth.at("retrans")); // as TCP_INFO says
	CHECK(client.at("tx_bytes") == 200000);
	CHECK(session.end(session.truth.at("to")).at("rx_bytes") == 200000);
}

TEST_CASE("tcplife: what is refused is told, with its process and the error")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Session session = trace({}, {"refused"}, 1);
	NEED_NETWORK(session);
	REQUIRE(session.truth.at("refused") == true);
	REQUIRE(session.records.size() == 1);
	const Json& end = session.records[0];
	CHECK(end.at("pid") == session.truth.at("client"));
	CHECK(end.at("rport") == session.truth.at("to"));
	CHECK(end.at("error") == "ECONNREFUSED");
	CHECK(end.at("established") == false);
	CHECK(end.at("tx_bytes") == 0);
}

TEST_CASE("tcplife: of a connection that the other end broke off, the process that held it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words words = GENERATE(Words{}, Words{"--hook", "tp_btf+hash"});
	const Session session = trace(words, {"reset"}, 2);
	NEED_NETWORK(session);
	REQUIRE(session.records.size() == 2);
	const Json& server = session.end(session.truth.at("to"));
	CAPTURE(server.dump());
	CHECK(server.at("pid") == session.truth.at("server"));
	CHECK(server.at("error") == "ECONNRESET");
	CHECK(server.at("rx_bytes") == session.truth.at("up"));
	CHECK(session.end(session.truth.at("port")).at("pid") == session.truth.at("client"));
}

TEST_CASE("tcplife: one that was there before has its bytes and its process, and no false age")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Session session = trace({}, {"before"}, 2);
	NEED_NETWORK(session);
	REQUIRE(session.records.size() == 2);
	const Json& client = session.end(session.truth.at("port"));
	CHECK(client.at("pid") == session.truth.at("client"));
	CHECK(client.at("tx_bytes") == 5000);
	CHECK(client.at("duration_ns").is_null());
	CHECK(client.at("direction").is_null());
	CHECK(session.end(session.truth.at("to")).at("rx_bytes") == 5000);
}

TEST_CASE("tcplife: 5000 short connections are 10000 ends, told or counted as lost")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Session session = trace({}, {"burst", "--count", "5000"}, 0);
	NEED_NETWORK(session);
	uint64_t lost = session.summary.at("lost");
	CHECK(session.records.size() + lost >= session.truth.at("ends").get<uint64_t>());
	CHECK(session.records.size() <= session.truth.at("ends").get<uint64_t>());
	if (!lost)
		for (const Json& record : session.records)
			CHECK(record.at("pid") == session.truth.at("client"));
}

TEST_CASE("tcplife -S: each change of state, in order, whose times add up")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Session session = trace({"-S"}, {"talk", "4", "1000", "1000"}, 8);
	NEED_NETWORK(session);
	std::vector<std::string> client;
	int64_t sum = 0, age = 0;
	for (const Json& record : session.records)
		if (record.at("lport") == session.truth.at("port") || (record.at("new_state") == "SYN_SENT")) {
			client.push_back(record.at("new_state"));
			sum += record.at("state_ns").get<int64_t>();
			age = record.at("seen_ns");
		}
	CHECK(client == std::vector<std::string>{"SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSE"});
	CHECK(sum == age);
	CHECK(session.end(session.truth.at("to"), "LAST_ACK").at("old_state") == "CLOSE_WAIT");
	CHECK(session.end(session.truth.at("to"), "CLOSE").at("old_state") == "LAST_ACK");
}

TEST_CASE("tcplife: filters by process, family and port")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Session session = trace({"-6"}, {"talk", "4", "1", "1"}, 0);
	NEED_NETWORK(session);
	CHECK(session.records.empty());
	CHECK(trace({"-6"}, {"talk", "46", "1", "1"}, 0).records.empty());
	CHECK(trace({"-4"}, {"talk", "46", "1", "1"}, 2).records.size() == 2);
	CHECK(trace({"-p", "1"}, {"talk", "4", "1", "1"}, 0).records.empty());
	CHECK(trace({"-L", "1,2"}, {"talk", "4", "1", "1"}, 0).records.empty());
}

TEST_CASE("tcplife: lists of ports are taken whole or refused")
{
	const std::string list = GENERATE("80,", ",80", "0", "65536", "80 443", "http", "", "1-3");
	Process process({corescope_path(), "tcplife", "-L", list});
	process.rest();
	CHECK(process.wait() == 64);
}

} // namespace corescope::test
