# SPDX-License-Identifier: BSD-2-Clause
# CO-RE relocations of the BPF objects against the types of other kernels, without booting them. bpftool resolves them
# with libbpf's own code when it makes a minimal BTF, and says in its log what it found for each.
#
# What a kernel has not may only be asked for behind a question whether it has it (bpf_core_field_exists() and the
# like): otherwise the load fails there. A flavor (type___suffix) is for some kernels only, but for one of these.
import gzip
import os
import re
import subprocess
import tempfile

from guest import HERE

RELOCATION = re.compile(r"prog '(.*?)': relo #(\d+): <(\w+)> \[\d+\] (.*?)(?: \([\d:.]+ @ offset .*\)| = -?\d+)?$")
NOT_FOUND = re.compile(r"prog '(.*?)': relo #(\d+): no matching targets found$")
ANSWER = re.compile(r"(prog '.*?': relo #\d+): matching candidate #\d+ <(\w+)> \[\d+\] (.*?)(?: \([\d:.]+ @ (offset .*)\))?$")
QUESTIONS = {"field_exists", "type_exists", "type_matches", "enumval_exists"}


def log_of(bpftool, btf, obj):
	"""What libbpf finds for each relocation of an object in these types, line by line."""
	with tempfile.TemporaryDirectory() as work:
		made = subprocess.run([bpftool, "-d", "gen", "min_core_btf", btf, os.path.join(work, "min.btf"), obj],
			capture_output=True, text=True, check=False)
	lines = (made.stdout + made.stderr).strip().splitlines()
	if made.returncode:
		raise ValueError(lines[-1])
	return lines


def resolve(bpftool, btf, obj):
	"""Two sets of (program, kind, what): all relocations, and those that this kernel's types do not answer."""
	asked, absent, last = set(), set(), {}
	for line in log_of(bpftool, btf, obj):
		if found := RELOCATION.search(line):
			program, number, kind, what = found.groups()
			last[program] = (number, (program, kind, what))
			asked.add(last[program][1])
		elif found := NOT_FOUND.search(line):
			number, relocation = last[found.group(1)]
			if number != found.group(2):
				raise ValueError("bpftool's log is not as expected: " + line)
			absent.add(relocation)
	if not asked:
		raise ValueError("bpftool's log names no relocation")
	return asked, absent


def unguarded(absent):
	"""Of what is absent, that which the object asks for without having asked whether it is there."""
	questions = {(program, what) for program, kind, what in absent if kind in QUESTIONS}
	return sorted({what for program, kind, what in absent
		if kind not in QUESTIONS and (program, what) not in questions and "___" not in what})


def bundled(corescope, btf, work):
	"""The file with the minimal BTF that `corescope btf bundle` makes of these types."""
	bundle, raw = os.path.join(work, "bundle"), os.path.join(work, "raw.btf")
	made = subprocess.run([corescope, "btf", "bundle", "-o", bundle, "1=" + btf], capture_output=True, text=True,
		check=False)
	if made.returncode:
		raise ValueError(made.stderr.strip())
	with open(bundle, "rb") as file:
		rest = gzip.decompress(file.read())

	def number():
		nonlocal rest
		value = shift = 0
		while True:
			byte, rest = rest[0], rest[1:]
			value |= (byte & 127) << shift
			shift += 7
			if byte < 128:
				return value

	def text():
		nonlocal rest
		size = number()
		value, rest = rest[:size], rest[size:]
		return value

	text(), number(), text()  # what it is, its layout, who made it
	for _ in range(number()):
		text()
	entries = [[text() for _ in range(4)] for _ in range(number())]
	with open(raw, "wb") as file:
		file.write(entries[0][3])
	return raw


def check_bundles(bpftool, corescope, objects, btfs):
	"""For the objects that are compiled WITHOUT_BTF: {object: {kernel: (error or "", answers)}}. libbpf must find in the
	minimal BTF what it finds in all of the kernel's types: the same members at the same offsets, the same values. What is no
	tool's (an iterator, which needs the kernel's own types) is in no bundle."""
	answers = lambda btf, obj: {found.groups() for line in log_of(bpftool, btf, obj) if (found := ANSWER.search(line))}
	tools = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools")
	table = {name: {} for name in objects
		if name.endswith(".raw_tp") and os.path.exists(os.path.join(tools, name[:-len(".raw_tp")] + ".cpp"))}
	for kernel, btf in btfs.items():
		with tempfile.TemporaryDirectory() as work:
			try:
				least = bundled(corescope, btf, work)
				for name, cells in table.items():
					whole, small = answers(btf, objects[name]), answers(least, objects[name])
					wrong = [" ".join(filter(None, one)) for one in sorted(whole ^ small, key=str)[:3]]
					cells[kernel] = ("answered otherwise: " + "; ".join(wrong) if wrong else
						"" if whole else "no answers at all", len(whole))
			except ValueError as error:
				for cells in table.values():
					cells[kernel] = (str(error), 0)
	return table


def check(bpftool, objects, btfs, complete):
	"""objects: {name: path}, btfs: {kernel: path}; complete: whether these are all kernels, so that each flavor must be
	found. Returns {object: {kernel: (error or "", relocations)}}."""
	table = {}
	for name, path in objects.items():
		table[name] = {}
		asked, absent = {}, {}
		for kernel, btf in btfs.items():
			try:
				asked[kernel], absent[kernel] = resolve(bpftool, btf, path)
			except ValueError as error:
				table[name][kernel] = (str(error), 0)
				continue
			wrong = unguarded(absent[kernel])
			table[name][kernel] = ("not there, and not asked whether: " + ", ".join(wrong) if wrong else "",
				len(asked[kernel]))
		if complete and len(absent) == len(btfs):
			nowhere = {what for _, _, what in set.intersection(*absent.values()) if "___" in what}
			for kernel in btfs if nowhere else ():
				table[name][kernel] = ("a flavor that none of these kernels has: " + ", ".join(nowhere), 0)
	return table
