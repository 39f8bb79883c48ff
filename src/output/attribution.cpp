// SPDX-License-Identifier: BSD-2-Clause
// Fields that a cgroup id is turned into. Resolved in user space, where the answer is kept.
#include "output/field.h"

#include "system/cgroup.h"

namespace corescope {

Value cgroup_part(uint64_t id, const FieldContext& context, CgroupPart part)
{
	const Attribution* found = id && context.cgroups ? context.cgroups->lookup(id) : nullptr;
	if (!found)
		return Value::none();
	const std::string& text = part == CgroupPart::path ? found->path
		: part == CgroupPart::unit                     ? found->unit
		: part == CgroupPart::container                ? found->container
													   : found->pod;
	return text.empty() ? Value::none() : Value::text(text);
}

} // namespace corescope
