// SPDX-License-Identifier: BSD-2-Clause
// Types of the kernel by libbpf: it parses them and prints C declarations; what is a hook among them, names tell.
#include "bpf/kernel_hooks.h"

#include <bpf/btf.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace corescope {

namespace {

constexpr std::string_view kTrace = "btf_trace_", kCaller = "__traceiter_", kLsm = "bpf_lsm_",
						   kIter = "bpf_iter_", kIterContext = "bpf_iter__";

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

void append_print(void* out, const char* format, va_list args)
{
	char text[256];
	va_list again;
	va_copy(again, args);
	const int size = std::vsnprintf(text, sizeof(text), format, args);
	auto& string = *static_cast<std::string*>(out);
	if (size < static_cast<int>(sizeof(text))) {
		string += text;
	} else {
		std::string longer(static_cast<size_t>(size) + 1, '\0');
		std::vsnprintf(longer.data(), longer.size(), format, again);
		longer.pop_back();
		string += longer;
	}
	va_end(again);
}

// C declarations. A kernel has some 100000 arguments of a few thousand types, so that what stands before and behind the
// name is kept for each.
class Declarations {
public:
	Declarations() : printer_(btf_dump__new(kernel_types(), append_print, &text_, nullptr), btf_dump__free) {}

	void append(std::string& out, uint32_t type, std::string_view name)
	{
		Around& around = around_[name.empty()][type];
		if (!around.known)
			around = print(type, name.empty() ? "" : kName);
		((out += around.before) += name) += around.behind;
	}

private:
	static constexpr const char* kName = "\1"; // occurs in no declaration
	struct Around {
		bool known = false;
		std::string before, behind;
	};

	Around print(uint32_t type, const char* name)
	{
		text_.clear();
		btf_dump_emit_type_decl_opts options = {};
		options.sz = sizeof(options);
		options.field_name = name;
		if (!printer_ || btf_dump__emit_type_decl(printer_.get(), type, &options))
			return {true, "? ", ""};
		const size_t at = *name ? text_.find(name) : std::string::npos;
		if (at == std::string::npos)
			return {true, text_, ""};
		return {true, text_.substr(0, at), text_.substr(at + 1)};
	}

	std::string text_;
	std::unique_ptr<btf_dump, decltype(&btf_dump__free)> printer_;
	std::unordered_map<uint32_t, Around> around_[2]; // of names, and of none
};

void append_declaration(std::string& out, uint32_t type, std::string_view name)
{
	static Declarations declarations;
	declarations.append(out, type, name);
}

// btf_trace_X is a typedef of a pointer to a prototype.
uint32_t behind_pointer(const btf* types, const btf_type* type)
{
	const btf_type* pointer = btf__type_by_id(types, type->type);
	return pointer && btf_is_ptr(pointer) ? pointer->type : 0;
}

void sort_once(std::vector<KernelFunction>& functions)
{
	const auto less = [](const KernelFunction& a, const KernelFunction& b) {
		return std::strcmp(a.name, b.name) < 0;
	};
	const auto same = [](const KernelFunction& a, const KernelFunction& b) {
		return std::strcmp(a.name, b.name) == 0;
	};
	std::sort(functions.begin(), functions.end(), less);
	functions.erase(std::unique(functions.begin(), functions.end(), same), functions.end());
}

} // namespace

btf* kernel_types()
{
	static const std::unique_ptr<btf, decltype(&btf__free)> types(btf__load_vmlinux_btf(), btf__free);
	return types.get();
}

KernelHooks kernel_hooks(const std::function<bool(const char*)>& function_wanted)
{
	KernelHooks hooks;
	const btf* types = kernel_types();
	if (!types)
		return hooks;
	std::unordered_map<std::string_view, uint32_t>
		callers;                                   // their arguments have names, a typedef's have none
	std::unordered_set<std::string_view> contexts; // what sets an iterator apart from functions named alike
	const uint32_t count = btf__type_cnt(types);
	for (uint32_t id = 1; id < count; id++) {
		const btf_type* type = btf__type_by_id(types, id);
		const char* name = btf__name_by_offset(types, type->name_off);
		if (btf_is_typedef(type) && begins(name, kTrace)) {
			if (const uint32_t proto = behind_pointer(types, type))
				hooks.tracepoints.push_back({name + kTrace.size(), proto});
		} else if (btf_is_struct(type) && begins(name, kIterContext)) {
			contexts.insert(name + kIterContext.size());
		} else if (btf_is_func(type)) {
			if (begins(name, kLsm))
				hooks.lsm.push_back({name + kLsm.size(), type->type});
			else if (begins(name, kIter))
				hooks.iterators.push_back({name + kIter.size(), type->type});
			else if (begins(name, kCaller))
				callers.emplace(name + kCaller.size(), type->type);
			if (!function_wanted || function_wanted(name))
				hooks.functions.push_back({name, type->type});
		}
	}
	hooks.iterators.erase(std::remove_if(hooks.iterators.begin(), hooks.iterators.end(),
							  [&](const KernelFunction& f) { return !contexts.count(f.name); }),
		hooks.iterators.end());
	for (KernelFunction& tracepoint : hooks.tracepoints)
		if (const auto caller = callers.find(tracepoint.name); caller != callers.end())
			tracepoint.proto = caller->second;
	for (auto* list : {&hooks.tracepoints, &hooks.functions, &hooks.lsm, &hooks.iterators})
		sort_once(*list);
	return hooks;
}

std::string arguments_text(uint32_t proto, unsigned skip)
{
	const btf* types = kernel_types();
	const btf_type* type = types ? btf__type_by_id(types, proto) : nullptr;
	if (!type || !btf_is_func_proto(type))
		return "?";
	std::string text;
	const btf_param* params = btf_params(type);
	for (unsigned i = skip; i < btf_vlen(type); i++) {
		if (!text.empty())
			text += ", ";
		const char* name = btf__name_by_offset(types, params[i].name_off);
		if (params[i].type)
			append_declaration(text, params[i].type, name ? name : "");
		else
			text += "...";
	}
	return text;
}

std::string prototype_text(const std::string& name, uint32_t proto, const std::string& arguments)
{
	const btf* types = kernel_types();
	const btf_type* type = types ? btf__type_by_id(types, proto) : nullptr;
	if (!type || !btf_is_func_proto(type))
		return name + "(?)";
	const std::string call = name + "(" + (arguments.empty() ? "void" : arguments) + ")";
	if (!type->type)
		return "void " + call;
	std::string text;
	append_declaration(text, type->type, call);
	return text;
}

} // namespace corescope
