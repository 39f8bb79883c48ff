# SPDX-License-Identifier: BSD-2-Clause
"""The measures. Each takes one subject, runs it once and returns its figures by key; what the keys mean to a reader is
in report.py. Nothing is left running, nothing is averaged here."""
import json
import mmap
import os
import re
import select
import statistics
import subprocess
import tempfile
import time

from host import KernelCounts, Running, Trouble, open_reader, read_some

FIRST = 100_000_000          # numbers of events: FIRST, and each further loader a hundred million higher
UNCOUNTED = 2_000_000_000    # of events that only wake a tool: ten digits, which no pattern takes
SETTLE_S = 0.25              # after a tool has ended: the kernel takes tracepoints away behind its back
PATIENCE_S = 4
OUTPUT_BYTES = 256 << 20


class Bench:
	def __init__(self, out, scratch, cpu, cgroup, quick):
		self.out, self.scratch, self.cpu, self.cgroup = out, scratch, cpu, cgroup
		self.flat_out_ms = 100 if quick else 400
		self.storm_ms = 100 if quick else 400
		self.paced = 100 if quick else 300
		self.idle_s = 0.5 if quick else 2

	# --- events ------------------------------------------------------------------------------------------------------

	def start_load(self, event, *options, pinned=True):
		pin = ["-c", str(self.cpu)] if pinned else []
		command = [f"{self.out}/load", "-x", f"{self.out}/nop", *pin, *map(str, options), event]
		return subprocess.Popen(command, stdout=subprocess.PIPE)

	def load(self, event, *options):
		maker = self.start_load(event, *options)
		told = maker.communicate()[0]
		if maker.returncode:
			raise Trouble(f"the load '{event}' failed", 1)
		return json.loads(told)

	def flat_out(self, event):
		"""low_ns: the lower quartile of batches, since whatever else runs here adds to a batch and never takes."""
		return self.load(event, "-t", self.flat_out_ms)

	def wake(self, tool, event):
		with KernelCounts():
			tool.wait_until_counting(lambda: self.load(event, "-n", 3, "-f", UNCOUNTED))

	# --- cost --------------------------------------------------------------------------------------------------------

	def cost(self, subject):
		"""What the kernel counts for its programs while events are made flat out; what that does to who makes them."""
		before = self.flat_out(subject.event)
		with open(os.devnull, "wb") as nowhere:
			tool = Running(subject.argv, nowhere)
		self.wake(tool, subject.event)
		cpu_ns = tool.cpu_ns()
		slowed = self.flat_out(subject.event)
		time.sleep(0.1)  # the reader takes what is left
		cpu_ns = tool.cpu_ns() - cpu_ns
		with KernelCounts():
			first = tool.counts()
			counted = self.flat_out(subject.event)
			runs, spent_ns, missed = (b - a for a, b in zip(first, tool.counts()))
		tool.interrupt()
		time.sleep(SETTLE_S)
		after = self.flat_out(subject.event)
		alone_ns = min(before["low_ns"], after["low_ns"])
		per_event = 2 if subject.event == "switch" else 1  # a round trip is two switches
		figures = {
			"ns_event": spent_ns / counted["made"] / per_event, "ns_run": spent_ns / max(runs, 1),
			"runs_event": runs / counted["made"] / per_event, "missed": missed,
			"added_ns": (slowed["low_ns"] - alone_ns) / per_event, "slowdown": slowed["low_ns"] / alone_ns,
		}
		return figures if subject.quiet else figures | {"reader_ns_event": cpu_ns / slowed["made"]}

	def bystander(self, subject):
		"""What a system call costs more that no tool traces."""
		before = self.flat_out("sys")
		tool = None
		if subject.argv:
			with open(os.devnull, "wb") as nowhere:
				tool = Running(subject.argv, nowhere)
			self.wake(tool, subject.event)
		beside = self.flat_out("sys")
		if tool:
			tool.interrupt()
			time.sleep(SETTLE_S)
		after = self.flat_out("sys")
		alone_ns = min(before["low_ns"], after["low_ns"])
		return {"alone_ns": alone_ns, "added_ns": beside["low_ns"] - alone_ns}

	# --- delivery ----------------------------------------------------------------------------------------------------

	def delivery(self, subject, loaders):
		"""A storm: which of the events made came out as lines, when, at what cost, and what it says that it lost."""
		with self.output() as out, tempfile.TemporaryFile(dir=self.scratch) as err:
			return self.storm(subject, loaders, out, err)

	def output(self):
		"""A file whose pages are there already, at its beginning: to find memory for a file is not what is measured. How
		much a tool has written is the position of its descriptor, which is ours too."""
		path = f"{self.scratch}/out"
		if not os.path.exists(path):
			with open(path, "wb") as file:
				for _ in range(OUTPUT_BYTES >> 20):
					file.write(b"\0" * (1 << 20))
		return open(path, "r+b", buffering=0)

	def storm(self, subject, loaders, out, err):
		tool = Running(subject.argv, out, err)
		self.wake(tool, subject.event)
		cpu_ns = tool.cpu_ns()
		makers = []
		begin_ns = time.monotonic_ns() + 50_000_000
		for i in range(loaders):
			makers.append(self.start_load(subject.event, "-t", self.storm_ms, "-s", begin_ns, "-f", FIRST * (1 + i),
				*(["-g", self.cgroup] if self.cgroup else []), pinned=False))
		sizes = watch_until_quiet(out, makers)
		told = [json.loads(maker.communicate()[0]) for maker in makers]
		cpu_ns = tool.cpu_ns() - cpu_ns
		peak_kib = tool.memory_kib("VmHWM")
		tool.interrupt()
		made = sum(one["made"] for one in told)
		lines, again, last = count_lines(out, subject.number, told)
		lost = told_lost(out, err)
		end_ns = max([one["end_ns"] for one in told] + [at_ns for at_ns, size in sizes if size < last])
		return {
			"made_s": made / ((max(one["end_ns"] for one in told) - begin_ns) / 1e9),
			"delivered_s": lines / ((end_ns - begin_ns) / 1e9),
			"lost_share": 100 * (1 - lines / made), "lost": made - lines,
			"unaccounted": made - lines - lost, "again": again,
			"reader_ns_line": cpu_ns / max(all_lines(out), 1), "peak_kib": peak_kib,
		}

	# --- start and end -----------------------------------------------------------------------------------------------

	def start(self, subject, kind):
		"""From spawn to the first event captured and to its line, memory, and from Ctrl-C to the end."""
		since_ns = time.monotonic_ns()
		maker = self.start_load(subject.event, "-t", PATIENCE_S * 1000 + 2000, "-p", 1000, "-b", since_ns)
		time.sleep(0.1)
		ours, theirs = open_reader(kind)
		try:
			with KernelCounts() if subject.quiet else open(os.devnull, "rb"):
				tool = Running(subject.argv, theirs)
				os.close(theirs)
				figures = self.first_run(tool) if subject.quiet else self.first_line(tool, ours, subject, since_ns)
			maker.kill()
			maker.wait()
			self.drain_for(ours, 0.5)
			figures["peak_kib"] = tool.memory_kib("VmHWM")
			figures["steady_kib"] = tool.memory_kib("VmRSS")
			figures["map_kib"] = sum(tool.bpf()[1].values()) / 1024
			figures["exit_ms"] = tool.interrupt(ours)
		finally:
			maker.kill()
			maker.communicate()
			os.close(ours)
		return {f"{kind}_{key}" if key == "line_ms" else key: value for key, value in figures.items()}

	@staticmethod
	def first_run(tool):
		while time.monotonic_ns() - tool.spawned_ns < PATIENCE_S * 1e9:
			if tool.counts()[0]:
				return {"capture_ms": (time.monotonic_ns() - tool.spawned_ns) / 1e6}
			time.sleep(0.0005)
		raise Trouble(f"no program ran: {' '.join(tool.argv)}", 1)

	@staticmethod
	def first_line(tool, reader, subject, since_ns):
		text = b""
		while time.monotonic_ns() - tool.spawned_ns < PATIENCE_S * 1e9:
			if not select.select([reader], [], [], 0.1)[0]:
				continue
			text += read_some(reader)
			found = subject.number.search(text)
			if found and b"\n" in text[found.end(1):]:
				seen_ns = time.monotonic_ns()
				made_ns = (int(found.group(1)) - FIRST) * 1000 + since_ns
				return {"capture_ms": (made_ns - tool.spawned_ns) / 1e6, "line_ms": (seen_ns - tool.spawned_ns) / 1e6}
		raise Trouble(f"no line: {' '.join(tool.argv)}", 1)

	@staticmethod
	def drain_for(reader, seconds):
		until = time.monotonic() + seconds
		while (left := until - time.monotonic()) > 0:
			if select.select([reader], [], [], left)[0] and not read_some(reader):
				time.sleep(max(0, until - time.monotonic()))

	# --- latency -----------------------------------------------------------------------------------------------------

	def latency(self, subject):
		"""From an event to its line at one event each 3 ms, on a terminal; CPU time per event then, and while idle."""
		since_ns = time.monotonic_ns()
		ours, theirs = open_reader("terminal")
		tool = Running(subject.argv, theirs)
		os.close(theirs)
		try:
			self.wake(tool, subject.event)
			figures = {} if subject.quiet else self.paced_events(tool, ours, subject, since_ns)
			self.drain_for(ours, 0.3)
			cpu_ns, begin_ns = tool.cpu_ns(), time.monotonic_ns()
			self.drain_for(ours, self.idle_s)
			figures["idle_ppm"] = 1e6 * (tool.cpu_ns() - cpu_ns) / (time.monotonic_ns() - begin_ns)
			tool.interrupt(ours)
		finally:
			os.close(ours)
		return figures

	def paced_events(self, tool, reader, subject, since_ns):
		self.drain_for(reader, 0.1)
		cpu_ns = tool.cpu_ns()
		maker = self.start_load(subject.event, "-n", self.paced, "-p", 3000, "-b", since_ns)
		delays_us, text = [], b""
		while select.select([reader], [], [], 0.1)[0] or maker.poll() is None:
			if not select.select([reader], [], [], 0)[0]:
				continue
			text += read_some(reader)
			at_us = (time.monotonic_ns() - since_ns) / 1e3
			whole = text.rfind(b"\n") + 1
			delays_us += [at_us - (int(number) - FIRST) for number in subject.number.findall(text[:whole])]
			text = text[whole:]
		cpu_ns = tool.cpu_ns() - cpu_ns
		maker.communicate()
		if not delays_us:
			raise Trouble(f"no line: {' '.join(tool.argv)}", 1)
		delays_us.sort()
		return {"median_us": statistics.median(delays_us), "p99_us": delays_us[len(delays_us) * 99 // 100],
			"cpu_us_event": cpu_ns / 1e3 / len(delays_us), "share_seen": 100 * len(delays_us) / self.paced}


def written(out):
	return os.lseek(out.fileno(), 0, os.SEEK_CUR)


def watch_until_quiet(out, makers):
	"""Follows a file until the makers have ended and nothing was written for a while: [(time, bytes)], at each change."""
	sizes = [(time.monotonic_ns(), written(out))]
	grown_ns = sizes[0][0]
	deadline_ns = grown_ns + PATIENCE_S * 5e9
	while (now_ns := time.monotonic_ns()) < deadline_ns:
		size = written(out)
		if size != sizes[-1][1]:
			sizes.append((now_ns, size))
			grown_ns = now_ns
		elif now_ns - grown_ns > 400e6 and all(maker.poll() is not None for maker in makers):
			break
		time.sleep(0.002)
	return sizes


def count_lines(out, pattern, loaders):
	"""(events that came out, lines too many, where the last one stands). loaders: what each told of itself. The pattern's
	group is the number of an event, or, where it is named pid, its maker's: then each event should have one line."""
	if not written(out):
		return 0, 0, 0
	seen = [bytearray(one["made"]) for one in loaders]
	lines = last = 0
	with mmap.mmap(out.fileno(), written(out), access=mmap.ACCESS_READ) as text:
		if "pid" in pattern.groupindex:
			pids = {str(one["pid"]).encode() for one in loaders}
			for found in pattern.finditer(text):
				if found.group(1) in pids:
					lines, last = lines + 1, found.end()
			events = min(lines, sum(one["made"] for one in loaders))
			return events, lines - events, last
		for found in pattern.finditer(text):
			loader, number = divmod(int(found.group(1)) - FIRST, FIRST)
			if loader < len(seen) and number < len(seen[loader]):
				seen[loader][number] = 1
				lines, last = lines + 1, found.end()
	events = sum(sum(one) for one in seen)
	return events, lines - events, last


def all_lines(out):
	"""Others' events too: they cost the reader as much as ours."""
	end, at, lines = written(out), 0, 0
	while at < end:
		part = os.pread(out.fileno(), min(1 << 22, end - at), at)
		lines, at = lines + part.count(b"\n"), at + len(part)
	return lines


def told_lost(out, err):
	"""What a tool says that it lost: a JSON summary's count, or all that standard error tells."""
	end = written(out)
	tail = os.pread(out.fileno(), 4096, max(0, end - 4096))[:min(end, 4096)]
	summary = re.search(rb'\{"type":"summary".*"lost":(\d+)', tail)
	if summary:
		return int(summary.group(1))
	err.seek(0)
	return sum(int(count) for count in re.findall(rb"(?i)lost (\d+) (?:events|values)", err.read()))
