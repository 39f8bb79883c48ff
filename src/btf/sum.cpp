// SPDX-License-Identifier: BSD-2-Clause
// See sum.h.
#include "btf/sum.h"

#include "btf/load.h"

#include <algorithm>
#include <cstring>

namespace corescope {

namespace {

using Kind = BtfType::Kind;

template <class T>
void add_floating(std::span<char> into, std::string_view bytes)
{
	T sum;
	T more;
	std::memcpy(&sum, into.data(), sizeof(sum));
	std::memcpy(&more, bytes.data(), sizeof(more));
	sum += more;
	std::memcpy(into.data(), &sum, sizeof(sum));
}

} // namespace

bool btf_summable(const BtfType& type)
{
	switch (type.kind) {
	case Kind::integer: return !type.is_char;
	case Kind::floating: return type.size == sizeof(float) || type.size == sizeof(double);
	case Kind::array: return btf_summable(*type.element);
	case Kind::record:
		return !type.members.empty() &&
			std::all_of(type.members.begin(), type.members.end(),
				[](const BtfMember& m) { return m.bits == 0 && btf_summable(*m.type); });
	default: return false;
	}
}

void btf_add(const BtfType& type, std::span<char> into, std::string_view bytes)
{
	if (type.kind == Kind::array) {
		const size_t each = type.element->size;
		for (size_t i = 0; i < type.count && i * each < bytes.size(); i++)
			btf_add(*type.element, into.subspan(i * each), bytes.substr(i * each));
	} else if (type.kind == Kind::record) {
		for (const BtfMember& m : type.members)
			if (m.offset() < bytes.size())
				btf_add(*m.type, into.subspan(m.offset()), bytes.substr(m.offset()));
	} else if (bytes.size() < type.size) {
		return;
	} else if (type.kind == Kind::integer) {
		const unsigned bits = type.size * 8;
		const BtfBits sum =
			btf_load_bits({into.data(), into.size()}, 0, bits) + btf_load_bits(bytes, 0, bits);
		btf_store_bits(into, 0, bits, sum);
	} else if (type.size == sizeof(float)) {
		add_floating<float>(into, bytes);
	} else {
		add_floating<double>(into, bytes);
	}
}

} // namespace corescope
