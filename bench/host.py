# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel knows of a running tool: its BPF programs and maps, its CPU time and memory; and what a run needs of
this machine (a compiler, tracefs, the peers). Nothing here knows a tool by name."""
import ctypes
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import tty

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}
BPF_PROG_GET_NEXT_ID, BPF_ENABLE_STATS = 11, 32
TRACEFS = "/sys/kernel/tracing"
CPUCLOCK_SCHED = 2  # include/linux/posix-timers.h: with ~pid << 3 the CPU clock of a whole process


class Trouble(Exception):
	"""One line for the user; code is the exit status."""

	def __init__(self, message, code=69):
		super().__init__(message)
		self.code = code


def read_text(path):
	try:
		with open(path, encoding="utf-8", errors="replace") as file:
			return file.read()
	except OSError:
		return ""


def bpf(command, attributes):
	"""bpf(2); attributes: a buffer that holds bpf_attr. Returns what it returns, -errno if it fails."""
	number = BPF_SYSCALL.get(os.uname().machine)
	if number is None:
		raise Trouble(f"the number of bpf() on {os.uname().machine} is not known here")
	result = ctypes.CDLL(None, use_errno=True).syscall(number, command, attributes, len(attributes))
	return result if result >= 0 else -ctypes.get_errno()


def loaded_programs():
	"""How many BPF programs there are, whoever loaded them."""
	count, attributes = 0, ctypes.create_string_buffer(128)
	while bpf(BPF_PROG_GET_NEXT_ID, attributes) >= 0:
		attributes[0:4] = attributes[4:8]  # next_id becomes start_id
		count += 1
	return count


class KernelCounts:
	"""While it is held the kernel counts the runs and the run time of each BPF program. Unlike the sysctl it ends with
	our process, however that ends."""

	def __enter__(self):
		self.fd = bpf(BPF_ENABLE_STATS, ctypes.create_string_buffer(128))  # all zero: BPF_STATS_RUN_TIME
		if self.fd < 0:
			raise Trouble(f"the kernel does not count BPF run time: {os.strerror(-self.fd)}")
		return self

	def __exit__(self, *_):
		os.close(self.fd)


class Running:
	"""A tool that was started, and how it is ended. All that runs is known, so that none is left behind."""

	alive = []

	def __init__(self, argv, stdout, stderr=subprocess.DEVNULL):
		self.argv = argv
		self.spawned_ns = time.monotonic_ns()
		try:
			self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
		except OSError as error:
			raise Trouble(f"{argv[0]}: {error.strerror}") from error
		self.pid = self.child.pid
		self.ended = os.pidfd_open(self.pid)
		Running.alive.append(self)

	def bpf(self):
		"""(programs, maps) that it holds open: {id: counts}, {id: bytes that the kernel holds for it}."""
		programs, maps = {}, {}
		folder = f"/proc/{self.pid}/fdinfo"
		try:
			names = os.listdir(folder)
		except OSError:
			names = []
		for name in names:
			pairs = (line.split(":", 1) for line in read_text(f"{folder}/{name}").splitlines() if ":" in line)
			facts = {key: value.strip() for key, value in pairs}
			if "prog_id" in facts and "run_cnt" in facts:
				programs[facts["prog_id"]] = {key: int(facts.get(key, 0)) for key in
					("run_cnt", "run_time_ns", "recursion_misses")}
			elif "map_id" in facts:
				maps[facts["map_id"]] = int(facts.get("memlock", 0))
		return programs, maps

	def counts(self):
		"""(runs, ns, missed runs) of all its programs so far."""
		programs = self.bpf()[0].values()
		return tuple(sum(p[key] for p in programs) for key in ("run_cnt", "run_time_ns", "recursion_misses"))

	def cpu_ns(self):
		"""CPU time of all its threads, those that have ended included."""
		return time.clock_gettime_ns((~self.pid << 3) | CPUCLOCK_SCHED)

	def memory_kib(self, what):
		"""VmHWM: the most that was resident, VmRSS: what is."""
		found = re.search(rf"^{what}:\s+(\d+)", read_text(f"/proc/{self.pid}/status"), re.MULTILINE)
		return int(found.group(1)) if found else 0

	def wait_until_counting(self, make_events, patience_s=20):
		"""Returns once a program of it has run. Needs KernelCounts."""
		deadline = time.monotonic() + patience_s
		while time.monotonic() < deadline and self.child.poll() is None:
			make_events()
			if self.counts()[0]:
				time.sleep(0.2)  # the rest of its programs are attached meanwhile
				return
			time.sleep(0.01)
		raise Trouble(f"never saw an event: {' '.join(self.argv)}")

	def interrupt(self, drain=None):
		"""Ctrl-C; ms until it has ended. drain: a descriptor that it writes to, emptied meanwhile."""
		begin = time.monotonic_ns()
		os.kill(self.pid, signal.SIGINT)
		waiting = [self.ended] + ([drain] if drain is not None else [])
		while time.monotonic_ns() - begin < 20e9:
			ready = select.select(waiting, [], [], 1)[0]
			if self.ended in ready:
				break
			if drain in ready and not read_some(drain):
				waiting.remove(drain)
		took_ms = (time.monotonic_ns() - begin) / 1e6
		self.close()
		return took_ms

	def close(self):
		"""Ends it if it still runs. May be called twice."""
		if self not in Running.alive:
			return
		Running.alive.remove(self)
		if self.child.poll() is None:
			self.child.terminate()
			try:
				self.child.wait(5)
			except subprocess.TimeoutExpired:
				self.child.kill()
				self.child.wait()
		os.close(self.ended)

	@staticmethod
	def close_all():
		for one in list(Running.alive):
			one.close()


def read_some(fd):
	"""b"" at the end of a pipe or a terminal."""
	try:
		return os.read(fd, 1 << 16)
	except OSError:  # the other end of a terminal is closed
		return b""


def open_reader(kind):
	"""(our end, the tool's end) of a "terminal", or of a "pipe"."""
	if kind == "pipe":
		return os.pipe()
	ours, theirs = pty.openpty()
	tty.setraw(theirs)
	return ours, theirs


def scratch_folder():
	"""A folder that lies in memory, where there is one: a disk would be measured otherwise."""
	in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
	return tempfile.TemporaryDirectory(prefix="corescope-bench.", dir=in_memory)


def build(source, out):
	"""Compiles what makes the events, and the floor, where it is older than its source."""
	os.makedirs(out, exist_ok=True)
	cc, clang = os.environ.get("CC", "cc"), os.environ.get("CLANG", "clang")
	triplet = subprocess.run([cc, "-print-multiarch"], capture_output=True, text=True, check=False).stdout.strip()
	strict = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
	for name, made_of, command in (
		("load", "load.c", [cc, *strict]),
		("nop", "nop.c", [cc, *strict, "-nostdlib", "-static"]),
		("floor", "floor.c", [cc, *strict]),
		("floor.bpf.o", "floor.bpf.c", [clang, "-target", "bpf", "-mcpu=v3", "-g", *strict, "-Wno-unused-parameter",
			"-idirafter", f"/usr/include/{triplet}", "-c"]),
	):
		target, made_of = f"{out}/{name}", f"{source}/{made_of}"
		if os.path.exists(target) and os.path.getmtime(target) >= os.path.getmtime(made_of):
			continue
		if not shutil.which(command[0]):
			raise Trouble(f"{command[0]} is not installed: `./bootstrap` installs what a build needs")
		libraries = ["-lbpf"] if name == "floor" else []
		if subprocess.run([*command, "-o", target, made_of, *libraries], check=False).returncode:
			raise Trouble(f"cannot compile {made_of}: see above", 1)


class Cgroup:
	"""A cgroup (v2) of our own for the load, so that what a tool says that it lost is the load's and nobody else's.
	folder is "" where there is no cgroup v2."""

	def __init__(self):
		self.folder = ""

	def __enter__(self):
		mounts = (line.split() for line in read_text("/proc/mounts").splitlines())
		for _, mounted, kind, *_ in mounts:
			folder = f"{mounted}/corescope-bench-{os.getpid()}"
			if kind == "cgroup2":
				try:
					os.mkdir(folder)
					self.folder = folder
				except OSError:
					pass  # not ours to make, as in most containers
				break
		return self

	def __exit__(self, *_):
		if self.folder:
			os.rmdir(self.folder)


class Tracefs:
	"""The peers attach through tracefs. Where it is not mounted it is, as long as the run lasts."""

	def __enter__(self):
		self.ours = False
		if not os.path.isdir(f"{TRACEFS}/events"):
			command = ["mount", "-t", "tracefs", "tracefs", TRACEFS]
			if subprocess.run(command, check=False).returncode:
				raise Trouble(f"tracefs is not mounted, and cannot be: {' '.join(command)}")
			self.ours = True
		return self

	def __exit__(self, *_):
		if self.ours:
			subprocess.run(["umount", TRACEFS], check=False)
