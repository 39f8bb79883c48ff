// SPDX-License-Identifier: BSD-2-Clause
// The reader's end of the ring, against a producer of our own in ordinary shared memory of the same layout: one page
// with the consumer's position, one with the producer's, then the data.
#include "bpf/ring.h"
#include "system/host.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace corescope;

namespace {

constexpr uint32_t kBusy = 1U << 31;
constexpr uint32_t kDiscarded = 1U << 30;

class Producer {
public:
	Producer() : size_(page_size()), fd_(memfd_create("ring", 0))
	{
		REQUIRE(fd_ >= 0);
		REQUIRE(ftruncate(fd_, static_cast<off_t>(3 * size_)) == 0);
		memory_ = static_cast<char*>(mmap(nullptr, 3 * size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
		REQUIRE(memory_ != MAP_FAILED);
	}
	~Producer()
	{
		munmap(memory_, 3 * size_);
		close(fd_);
	}

	int fd() const { return fd_; }
	size_t size() const { return size_; }
	uint64_t consumed() const { return *reinterpret_cast<uint64_t*>(memory_); }
	uint64_t& produced() { return *reinterpret_cast<uint64_t*>(memory_ + size_); }

	// Reserves a record as the kernel does; returns where its header stands. False room: null.
	uint32_t* put(const std::string& text, uint32_t flags = 0)
	{
		const uint64_t total = (text.size() + 8 + 7) & ~uint64_t{7};
		if (produced() + total - consumed() > size_)
			return nullptr;
		uint64_t at = produced() + 8;
		for (const char byte : text)
			memory_[2 * size_ + at++ % size_] = byte;
		auto* header = reinterpret_cast<uint32_t*>(memory_ + 2 * size_ + produced() % size_);
		*header = static_cast<uint32_t>(text.size()) | flags;
		produced() += total;
		return header;
	}

private:
	size_t size_;
	int fd_;
	char* memory_;
};

std::vector<std::string> drain_all(Ring& ring)
{
	std::vector<std::string> texts;
	ring.drain([&](const void* record, size_t bytes) {
		texts.emplace_back(static_cast<const char*>(record), bytes);
		return true;
	});
	return texts;
}

} // namespace

TEST_CASE("ring: records come in order and whole, also around the end, at every offset")
{
	Producer producer;
	Ring ring(producer.fd(), producer.size());
	unsigned seed = 1;
	std::vector<std::string> made;
	for (int round = 0; round < 3000; round++) {
		std::vector<std::string> batch;
		for (int i = 0; i < 4; i++) {
			seed = seed * 1103515245 + 12345;
			std::string text(1 + (seed >> 16) % 400, static_cast<char>('a' + round % 26));
			text += std::to_string(round * 4 + i);
			REQUIRE(producer.put(text));
			batch.push_back(text);
		}
		REQUIRE(ring.has_data());
		REQUIRE(drain_all(ring) == batch);
		REQUIRE_FALSE(ring.has_data());
		REQUIRE(producer.consumed() == producer.produced());
	}
}

TEST_CASE("ring: a record that is not published yet stops the reader there, and is taken later")
{
	Producer producer;
	Ring ring(producer.fd(), producer.size());
	producer.put("first");
	uint32_t* busy = producer.put("second", kBusy);
	producer.put("third");
	CHECK(drain_all(ring) == std::vector<std::string>{"first"});
	CHECK(ring.has_data());
	CHECK(drain_all(ring).empty());
	*busy &= ~kBusy;
	CHECK(drain_all(ring) == std::vector<std::string>{"second", "third"});
}

TEST_CASE("ring: a discarded record is passed over and its room given back")
{
	Producer producer;
	Ring ring(producer.fd(), producer.size());
	producer.put(std::string(1000, 'x'), kDiscarded);
	producer.put("kept");
	CHECK(drain_all(ring) == std::vector<std::string>{"kept"});
	CHECK(producer.consumed() == producer.produced());
}

TEST_CASE("ring: a reader that has enough stops after the record that told it so")
{
	Producer producer;
	Ring ring(producer.fd(), producer.size());
	for (const char* text : {"a", "b", "c"})
		producer.put(text);
	std::string seen;
	CHECK(ring.drain([&](const void* record, size_t) {
		seen += *static_cast<const char*>(record);
		return seen.size() < 2;
	}) == 2);
	CHECK(seen == "ab");
	CHECK(drain_all(ring) == std::vector<std::string>{"c"});
}

TEST_CASE("doorbell: the reader sleeps only on an empty ring, and then the flag is up")
{
	Producer producer, bell_producer;
	Ring ring(producer.fd(), producer.size());
	event_shared shared = {};
	Doorbell bell(bell_producer.fd(), bell_producer.size(), &shared);
	producer.put("event");
	CHECK_FALSE(bell.may_sleep(ring));
	CHECK(shared.reader_sleeps == 0);
	drain_all(ring);
	CHECK(bell.may_sleep(ring));
	CHECK(shared.reader_sleeps == 1);
	bell_producer.put("x");
	bell.answer();
	CHECK(shared.reader_sleeps == 0);
	CHECK(bell_producer.consumed() == bell_producer.produced());
}
