# SPDX-License-Identifier: BSD-2-Clause
# How many instructions the verifier walks for each program, under each kernel: the file `instructions` keeps what it
# was, and a jump is a finding long before a kernel refuses the program. The counts are those of Debian 12's clang.
import os
import re

from guest import HERE, Result

TABLE = os.path.join(HERE, "instructions")
JUMP, SLACK = 1.25, 500  # where the compiler keeps a pointer may double a small program's
MOST = 500_000  # of the million at which a kernel refuses
HEAD = """\
# Instructions that the verifier of each kernel walked for each program, as --verbose tells it: - where the kernel has not
# the hooks. Written by `tests/matrix/run --renew`, and compared by each run. A line is a tool with the option that brings
# the hooks up, their name as --hook takes it, and the program. The columns:
"""


def read():
	"""{(arch, suite): package}, {(hook, program): {(arch, suite): count}}"""
	kernels, counts = {}, {}
	if not os.path.exists(TABLE):
		return kernels, counts
	with open(TABLE, encoding="utf-8") as file:
		for line in file:
			if column := re.match(r"#   (\w+) (\w+): (.*)", line):
				kernels[column[1], column[2]] = column[3]
			elif not line.startswith("#"):
				words = line.split(maxsplit=len(kernels))
				hook, program = words[-1].strip().split(": ")
				counts[hook, program] = {kernel: int(word) for kernel, word in zip(kernels, words) if word != "-"}
	return kernels, counts


def write(kernels, counts):
	kernels = dict(sorted(kernels.items(), key=lambda item: (item[0][0], [int(n) for n in re.findall(r"\d+", item[1])[:3]])))
	with open(TABLE, "w", encoding="utf-8") as file:
		file.write(HEAD + "".join(f"#   {arch} {suite}: {package}\n" for (arch, suite), package in kernels.items()))
		for (hook, program), row in sorted(counts.items()):
			file.write("".join(f"{row.get(kernel, '-'):>7}" for kernel in kernels) + f"  {hook}: {program}\n")


def renew(arch, reports, packages):
	"""Puts what was measured into the table; what was not stays, unless there is no such program any more."""
	kernels, counts = read()
	seen = {key for report in reports.values() for key in report.instructions}
	for suite, report in reports.items():
		kernels[arch, suite] = packages[suite]
		for key in set(counts) | seen:
			counts.setdefault(key, {}).pop((arch, suite), None)
			if key in report.instructions:
				counts[key][arch, suite] = report.instructions[key]
	write(kernels, {key: row for key, row in counts.items() if row})


def compare(arch, reports, packages):
	"""{row: {suite: Result}}, a row for each hook set; a cell tells the most that one of its programs took. packages: of the
	kernels; a verifier that is not the one of the table may walk otherwise, which is no finding."""
	kernels, known = read()
	rows = {}
	for suite, report in reports.items():
		loaded = dict.fromkeys(hook for hook, _ in report.instructions)
		for hook in loaded:
			found = {program: count for (of, program), count in report.instructions.items() if of == hook}
			wrong, new = [], []
			for program, count in found.items():
				before = known.get((hook, program), {}).get((arch, suite))
				if count > MOST:
					wrong.append(f"{program} takes {count} instructions to verify, of a million that a kernel allows")
				if before is None:
					new.append(f"{program} {count}")
				elif count > before * JUMP + SLACK:
					(wrong if kernels[arch, suite] == packages[suite] else new).append(f"{program} takes {count} instructions to verify, it was {before}")
			cell = Result("", "FAIL" if wrong else "skip" if new else "ok", 0,
				"; ".join(wrong) or "not as in the table, `tests/matrix/run --renew` puts it there: " + ", ".join(new))
			cell.word = str(max(found.values()))
			rows.setdefault("instructions: " + hook, {})[suite] = cell
		lost = {hook for (hook, _), row in known.items() if (arch, suite) in row} - set(loaded)
		for hook in sorted(lost) if not report.ending else []:
			rows.setdefault("instructions: " + hook, {})[suite] = Result("",
				"FAIL" if kernels[arch, suite] == packages[suite] else "skip", 0, "is in the table, and was not loaded")
	return rows
