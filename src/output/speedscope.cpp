// SPDX-License-Identifier: BSD-2-Clause
// One file for https://www.speedscope.app: frames once, and for each stack the numbers of its frames, outermost first,
// with its weight.
#include "output/escape.h"
#include "output/stack_record.h"

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
			samples_.push_back(std::move(stack));
			weights_.push_back(weight);
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
		for (size_t i = 0; i < samples_.size(); i++) {
			out.append(i ? ",[" : "[");
			for (size_t k = 0; k < samples_[i].size(); k++) {
				if (k)
					out.append(',');
				out.append_u64(samples_[i][k]);
			}
			out.append(']');
		}
		out.append("],\"weights\":[");
		for (size_t i = 0; i < weights_.size(); i++) {
			if (i)
				out.append(',');
			out.append_u64(weights_[i]);
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
	std::vector<std::vector<size_t>> samples_;
	std::vector<uint64_t> weights_;
	uint64_t total_ = 0;
};

} // namespace

std::unique_ptr<StackWriter> stack_speedscope_writer(const StackStyle& style)
{
	return std::make_unique<SpeedscopeWriter>(style);
}

} // namespace corescope
