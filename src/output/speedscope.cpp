// SPDX-License-Identifier: BSD-2-Clause
// One file for https://www.speedscope.app: frames once, and for each stack the numbers of its frames, outermost first,
// with its weight.
#include "output/escape.h"
#include "output/stack_record.h"

#include <map>
#include <unordered_map>

namespace corescope {

namespace {

class SpeedscopeWriter : public StackWriter {
public:
	using StackWriter::StackWriter;

	void begin(Buffer&, const Meta& meta) override { exporter_ = "corescope " + meta.version; }

	void interval(Buffer&, const std::vector<StackRecord>& records, uint64_t, int64_t) override
	{
		for (const StackRecord& record : records) {
			std::vector<size_t> stack = {frame(stack_root(record), "")};
			for (const StackSide* side : {&record.user, &record.kernel}) {
				const std::string kind = side == &record.kernel ? "kernel" : "user";
				if (side->missing || side->truncated)
					stack.push_back(
						frame("[" + kind + (side->missing ? " stack lost]" : " stack goes on]"), ""));
				for (const Frame* one : side->frames)
					stack.push_back(frame(one->name + (side == &record.kernel ? "_[k]" : ""), one->module));
			}
			const uint64_t weight = style_.values ? record.value_ns : record.count;
			weights_[std::move(stack)] += weight;
			total_ += weight;
		}
	}

	void end(Buffer& out, const Summary&) override
	{
		out.append(R"({"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":)");
		json_string(out, exporter_);
		out.append(R"(,"name":)");
		json_string(out, style_.tool);
		out.append(R"(,"activeProfileIndex":0,"shared":{"frames":[)");
		out.append(frames_.view());
		out.append(R"(]},"profiles":[{"type":"sampled","name":)");
		json_string(out, style_.tool);
		out.append(style_.values ? R"(,"unit":"nanoseconds","startValue":0,"endValue":)"
								 : R"(,"unit":"none","startValue":0,"endValue":)");
		out.append_u64(total_);
		out.append(",\"samples\":[");
		std::string_view between;
		for (const auto& [stack, weight] : weights_) {
			out.append(between);
			for (size_t k = 0; k < stack.size(); k++) {
				out.append(k ? ',' : '[');
				out.append_u64(stack[k]);
			}
			out.append(']');
			between = ",";
		}
		out.append("],\"weights\":[");
		between = "";
		for (const auto& [stack, weight] : weights_) {
			out.append(between);
			out.append_u64(weight);
			between = ",";
		}
		out.append("]}]}\n");
	}

private:
	size_t frame(const std::string& name, const std::string& file)
	{
		const auto [known, fresh] = numbers_.try_emplace(name + '\0' + file, numbers_.size());
		if (fresh) {
			frames_.append(frames_.empty() ? "{\"name\":" : ",{\"name\":");
			json_string(frames_, name);
			if (!file.empty()) {
				frames_.append(",\"file\":");
				json_string(frames_, file);
			}
			frames_.append('}');
		}
		return known->second;
	}

	std::string exporter_;
	Buffer frames_;
	std::unordered_map<std::string, size_t> numbers_;
	std::map<std::vector<size_t>, uint64_t> weights_; // by stack; those of all intervals are one
	uint64_t total_ = 0;
};

} // namespace

std::unique_ptr<StackWriter> stack_speedscope_writer(const StackStyle& style)
{
	return std::make_unique<SpeedscopeWriter>(style);
}

} // namespace corescope
