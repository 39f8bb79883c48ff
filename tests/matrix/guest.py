# SPDX-License-Identifier: BSD-2-Clause
# One guest: the initramfs that all kernels share, a boot under qemu, and what was said on the serial line.
import dataclasses
import glob
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_BOOTED, HUNG, CRASHED = 3, 4, 5  # exit statuses of `run`
# A guest's CPUs run in turn. Side by side, qemu 7.2 may go on with its translation of a line of code that the other CPU
# has patched since, which a kernel does when a tracepoint gets its first user: 5.10 hung in schedule() then, its breakpoint
# long gone from memory, and cmpxchg16b is not whole.
MACHINE = {
	"amd64": ["qemu-system-x86_64", "-cpu", "qemu64,+rdrand"],
	"arm64": ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57"],
}
PACKAGE = {"amd64": "qemu-system-x86", "arm64": "qemu-system-arm"}
# On a busy machine an emulated timer may tick too late for the kernel's trial of it, which then panics.
CONSOLE = {"amd64": "console=ttyS0 no_timer_check", "arm64": "console=ttyAMA0"}
ENDINGS = {
	NOT_BOOTED: "did not boot",
	HUNG: "hung",
	CRASHED: "crashed",
}


@dataclasses.dataclass
class Result:
	name: str
	status: str  # ok, FAIL, skip
	seconds: float = 0.0
	detail: str = ""
	word: str = ""  # in the table, in place of ok


@dataclasses.dataclass
class Report:
	release: str = ""
	ending: int = 0  # 0 or one of ENDINGS
	hooks: list = dataclasses.field(default_factory=list)  # of Result
	tests: list = dataclasses.field(default_factory=list)
	instructions: dict = dataclasses.field(default_factory=dict)  # {(hook, program): what the verifier walked}
	told: dict = dataclasses.field(default_factory=dict)  # {tool: (exit status, lines, first line)} without being forced
	answers: dict = dataclasses.field(default_factory=dict)  # doctor's records, by name
	seconds: float = 0.0
	phases: dict = dataclasses.field(default_factory=dict)  # {what: at which second of its uptime it was done}
	tail: str = ""  # the last lines, when it did not end well


def libraries(program):
	"""The shared libraries of a program, the loader too, as absolute paths; none for a static one."""
	said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
	return sorted(set(re.findall(r"(/\S+) \(0x", said)))


def initramfs(out, build, strip, busybox, cases, hooks, seconds, kernels):
	"""Writes the cpio archive `out`: busybox, the tools, loads, examples and live tests of `build`, init.
	cases: {suite: names of tests}. kernels: {suite: folder of it}."""
	with tempfile.TemporaryDirectory() as root:
		os.chmod(root, 0o755)
		for folder in ("bin", "etc", "t/tests/load", "root"):
			os.makedirs(os.path.join(root, folder))

		def add(source, place, stripped=None):
			target = os.path.join(root, place)
			os.makedirs(os.path.dirname(target), exist_ok=True)
			command = [strip, stripped, source, "-o", target] if stripped else ["cp", "-L", source, target]
			subprocess.run(command, check=True)
			os.chmod(target, 0o755)

		def write(place, text):
			with open(os.path.join(root, place), "w", encoding="utf-8") as file:
				file.write(text)

		add(os.path.join(HERE, "init"), "init")
		add(busybox, "bin/busybox")
		os.symlink("busybox", os.path.join(root, "bin/sh"))
		add(os.path.join(build, "corescope"), "t/corescope")
		add(os.path.join(build, "tests/live"), "t/tests/live", "--strip-all")
		for library in libraries(os.path.join(build, "tests/live")):
			add(library, library.lstrip("/"))
		loads = os.path.join(build, "tests/load")
		for load in os.listdir(loads):
			add(os.path.join(loads, load), "t/tests/load/" + load, "--strip-debug") # stacks are told by name
		for suite, folder in kernels.items():
			add(os.path.join(folder, "loop.ko"), f"t/modules/{suite}/loop.ko")
		for example in glob.glob(os.path.join(build, "examples", "*.bpf.o")):
			add(example, "t/examples/" + os.path.basename(example))
		write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
		write("etc/group", "root:x:0:\nnogroup:x:65534:\n")
		for suite, names in cases.items():
			write("t/cases." + suite, "".join(name.replace(",", "\\,") + "\n" for name in names))
		write("t/hooks", "".join(hook + "\n" for hook in hooks))
		write("t/seconds", f"{seconds}\n")
		subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, cwd=root, check=True,
			stdout=open(out, "wb"))


def boot(arch, kernel, initrd, serial, seconds, more=""):
	"""Boots and waits until the guest powers off; what it says goes to the file `serial`. False if it must be ended.
	more: for the kernel's command line."""
	command = MACHINE[arch] + ["-accel", "tcg,thread=single", "-m", "768", "-smp", "2",
		"-display", "none", "-monitor", "none", "-serial", "file:" + serial, "-no-reboot", "-net", "none",
		"-kernel", kernel, "-initrd", initrd, "-append",
		f"{CONSOLE[arch]} mitigations=off norandmaps panic=-1 oops=panic loglevel=1 {more}"]
	try:
		subprocess.run(command, stdin=subprocess.DEVNULL, timeout=seconds, check=True, capture_output=True, text=True)
	except subprocess.TimeoutExpired:
		return False
	except subprocess.CalledProcessError as error:
		raise SystemExit(f"matrix: {command[0]}: {error.stderr.strip() or error}") from error
	return True


def parse_tests(xml, log):
	"""Results of Catch2's XML, which may break off: then the last case is one that did not end."""
	xml = xml[xml.find("<?xml"):] if "<?xml" in xml else ""
	parser = ElementTree.XMLPullParser(["start", "end"])
	results, running, open_case = [], None, None
	try:
		parser.feed("".join(c for c in xml if c >= " " or c in "\n\t"))
		events = list(parser.read_events())
	except ElementTree.ParseError as error:
		return [Result("(the tests' own report)", "FAIL", 0, f"cannot be read: {error}")]
	for kind, node in events:
		if node.tag != "TestCase":
			continue
		if kind == "start":
			running, open_case = node.get("name"), node
			continue
		overall = node.find("OverallResult")
		good = overall is not None and overall.get("success") == "true"
		name, seconds = running, float(overall.get("durationInSeconds", 0)) if overall is not None else 0.0
		running = None
		# A name may have colons in it, and so may a reason. Catch2 takes what a test prints into its report.
		said = log + "\n" + (node.findtext(".//StdOut") or "")
		why = next((line.strip()[len(f"SKIP {name}: "):] for line in said.splitlines()
			if line.strip().startswith(f"SKIP {name}: ")), None)
		if good and why is not None:
			results.append(Result(name, "skip", seconds, why))
		else:
			results.append(Result(name, "ok" if good else "FAIL", seconds, "" if good else failures(node)))
	if running is not None:
		results.append(Result(running, "FAIL", 0, "did not end\n" + failures(open_case)))
	return results


def failures(node):
	"""What failed in a test case, as text."""
	lines = []
	for at in node.iter():
		text = " ".join((at.text or "").split())
		if at.tag == "Expression" and at.get("success") == "false":
			parts = [" ".join((at.findtext(part) or "").split()) for part in ("Original", "Expanded")]
			lines.append(f"{at.get('filename')}:{at.get('line')}: {parts[0]}\n    {parts[1]}")
		elif at.tag in ("Failure", "Exception", "FatalErrorCondition", "Info"):
			lines.append(f"{at.tag.lower()}: {text}")
	return "\n".join(line[:400] for line in lines[:12])


def parse_answers(lines):
	"""{name: (answer, why)} of doctor's checks and tools, without those of a tool's options."""
	answers = {}
	for record in (json.loads(line) for line in lines if line.endswith("}")):
		if record["type"] in ("check", "tool") and not record.get("option"):
			why = "; ".join(filter(None, (record["cause"], record["remedy"])))
			answers[record.get("name") or record["tool"]] = (record["answer"], why)
	return answers


def read_serial(path, ended):
	"""What a guest said, as a Report without its seconds."""
	with open(path, encoding="utf-8", errors="replace") as file:
		text = file.read().replace("\r", "")
	report = Report()
	booted = re.search(r"@@BOOT (\S+)", text)
	panic = re.search(r"(Kernel panic|Oops|BUG:|general protection).*", text)
	_, _, behind = text.partition("@@XML\n")
	xml, whole, log = behind.partition("\n@@END ")
	if booted:
		report.release = booted.group(1)
	if panic:
		report.ending = CRASHED
	elif not booted:
		report.ending = NOT_BOOTED
	elif not ended or "@@OFF" not in text:
		report.ending = HUNG if not ended else CRASHED
	for status, hook, begun, done, said in re.findall(r"@@HOOK (\w+)\|(.*?)\|([\d.]+) ([\d.]+)\|(.*)", text):
		# 69: this kernel has it not, which is an answer
		kind = {"0": "ok", "69": "skip"}.get(status, "FAIL")
		said = said if kind == "skip" else f"exit status {status}: {said}"
		report.hooks.append(Result(hook, kind, float(done) - float(begun), said))
	report.phases = {what: float(at) for what, at in re.findall(r"@@AT (\w+) ([\d.]+)", text)}
	for hook, program, count in re.findall(r"@@INSNS (.*?)\|(\w+) (\d+)", text):
		report.instructions[hook, program] = int(count)
	for status, tool, lines, first in re.findall(r"@@TOLD (\d+)\|(\w+)\|(\d+)\|(.*)", text):
		report.told[tool] = (int(status), int(lines), first)
	report.answers = parse_answers(re.findall(r"@@DOCTOR (\{.*)", text))
	report.tests = parse_tests(xml, log)
	if report.ending:
		report.tail = "\n".join(text.splitlines()[-25:])
	elif whole and log.split("\n", 1)[0] == "124":
		report.ending = HUNG
	return report
