# SPDX-License-Identifier: BSD-2-Clause
# CO-RE relocations of the BPF objects against the types of other kernels, without booting them. bpftool resolves them
# with libbpf's own code when it makes a minimal BTF, and says in its log what it found for each.
#
# What a kernel has not may only be asked for behind a question whether it has it (bpf_core_field_exists() and the
# like): otherwise the load fails there. A flavor (type___suffix) is for some kernels only, but for one of these.
import os
import re
import subprocess
import tempfile

RELOCATION = re.compile(r"prog '(.*?)': relo #(\d+): <(\w+)> \[\d+\] (.*?)(?: \([\d:.]+ @ offset .*\)| = -?\d+)?$")
NOT_FOUND = re.compile(r"prog '(.*?)': relo #(\d+): no matching targets found$")
QUESTIONS = {"field_exists", "type_exists", "type_matches", "enumval_exists"}


def resolve(bpftool, btf, obj):
	"""Two sets of (program, kind, what): all relocations, and those that this kernel's types do not answer."""
	with tempfile.TemporaryDirectory() as work:
		made = subprocess.run([bpftool, "-d", "gen", "min_core_btf", btf, os.path.join(work, "min.btf"), obj],
			capture_output=True, text=True, check=False)
	if made.returncode:
		raise ValueError((made.stdout + made.stderr).strip().splitlines()[-1])
	asked, absent, last = set(), set(), {}
	for line in (made.stdout + made.stderr).splitlines():
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
