# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: our tools, their namesakes of Debian's libbpf-tools, and the floor. A subject is a command line, the
event that it tells, and where in its lines the number of that event stands."""
import os
import re
from dataclasses import dataclass

from host import Trouble

PEERS_PACKAGE = "libbpf-tools"

# The numbers of load.c have nine digits. Each stands once in what a pattern matches, though often twice in a line.
IN_COLUMN = re.compile(rb"(?<= )([1-9]\d{8})(?= )")
AT_END = re.compile(rb"(?<= )([1-9]\d{8})(?= ?\r?\n)")
IN_JSON_TARGET = re.compile(rb'"tpid":([1-9]\d{8}),')
IN_JSON_ARGUMENT = re.compile(rb'"([1-9]\d{8})"\]')
SENT_BY = re.compile(rb"^\S+ +(?P<pid>\d+) +load +23 ", re.MULTILINE)  # load's SIGURG


@dataclass(frozen=True)
class Subject:
	name: str
	argv: tuple
	event: str                # of load.c, which wakes it
	versus: str = ""          # name of the subject that it is compared with
	floor: str = ""           # name of the subject nobody gets below
	number: re.Pattern = IN_COLUMN  # where the event's number stands in a line
	quiet: bool = False       # prints nothing at an event

	def present(self):
		return not self.argv or os.access(self.argv[0], os.X_OK)


class Cast:
	"""Who takes part in which measure. Peers that are not installed are left out, and `missing` names them."""

	def __init__(self, corescope, peers, out, cgroup):
		if not os.access(corescope, os.X_OK):
			raise Trouble(f"{corescope} is not built: run make")
		self.corescope, self.peers, self.out, self.cgroup = corescope, peers, out, cgroup
		self.missing = sorted({name for name in ("killsnoop", "sigsnoop", "execsnoop",
			"opensnoop", "cpudist", "runqlat", "offcputime", "profile", "syscount", "biolatency", "tcplife", "tcpstates")
			if not os.access(f"{peers}/{name}", os.X_OK)})

	def peer(self, tool, *options, event, **more):
		more.setdefault("number", AT_END if event in ("exec", "open") else IN_COLUMN)
		name = " ".join(["peer", tool, *options])
		return Subject(name, (f"{self.peers}/{tool}", *options), event, floor=f"empty {event} + clock", **more)

	def ours(self, tool, *options, event, versus=None, label=None, **more):
		"""versus: options of the namesake that it is measured by; by default the same."""
		more.setdefault("number", AT_END if event in ("exec", "open") else IN_COLUMN)
		peer = " ".join(["peer", tool, *(options if versus is None else versus)])
		return Subject(label or " ".join([tool, *options]), (self.corescope, tool, *options), event, peer,
			f"empty {event} + clock", **more)

	def floor(self, event, clock=False):
		program = f"{event}_{'clock' if clock else 'empty'}"
		return Subject(f"empty {event}{' + clock' if clock else ''}",
			(f"{self.out}/floor", f"{self.out}/floor.bpf.o", program), event, quiet=True)

	def floors(self, event):
		return [self.floor(event), self.floor(event, clock=True)]

	def cost(self):
		"""{topic: subjects}"""
		kill, signal, execs, switch = "kill", "signal", "exec", "switch"
		return {
			"kill": [
				self.peer("killsnoop", event=kill), self.ours("killsnoop", event=kill), *self.floors(kill)],
			"signal": [
				self.peer("killsnoop", event=signal), self.ours("killsnoop", event=signal),
				self.peer("sigsnoop", event=signal), self.ours("sigsnoop", event=signal), *self.floors(signal)],
			"exec": [
				self.peer("execsnoop", event=execs), self.ours("execsnoop", event=execs),
				self.peer("execsnoop", "-x", event=execs), self.ours("execsnoop", "-x", event=execs),
				*self.floors(execs)],
			"switch": [
				*(one for options in ((), ("-P",), ("-L",), ("-O",), ("-O", "-P")) for one in (
					self.peer("cpudist", *options, event=switch, quiet=True),
					self.ours("cpudist", *options, event=switch, quiet=True))),
				self.ours("cpudist", "--by", "cgroup", event=switch, versus=("-P",), quiet=True),
				*(one for tool, options in (("runqlat", ()), ("runqlat", ("-P",)), ("offcputime", ())) for one in (
					self.peer(tool, *options, event=switch, quiet=True),
					self.ours(tool, *options, event=switch, quiet=True))),
				*self.floors(switch)],
			"open": [
				self.peer("opensnoop", event="open"), self.ours("opensnoop", event="open"), *self.floors("open")],
			"io": [
				*(one for options in ((), ("-D",), ("-F",)) for one in (
					self.peer("biolatency", *options, event="io", quiet=True),
					self.ours("biolatency", *options, event="io", quiet=True))),
				*self.floors("io")],
			"sample": [
				self.peer("profile", "-F", "997", event="sys", quiet=True),
				self.ours("profile", "-F", "997", event="sys", quiet=True)],
			"sys": [
				*(one for options in ((), ("-L",), ("-P",)) for one in (
					self.peer("syscount", *options, event="sys", quiet=True),
					self.ours("syscount", *options, event="sys", quiet=True))),
				*self.floors("sys")],
			"tcp": [
				self.peer("tcplife", event="tcp", quiet=True), self.ours("tcplife", event="tcp", quiet=True),
				self.peer("tcpstates", event="tcp", quiet=True),
				Subject("tcplife -S", (self.corescope, "tcplife", "-S"), "tcp", "peer tcpstates",
					"empty tcp + clock", quiet=True),
				*self.floors("tcp")],
		}

	def bystander(self):
		return [
			Subject("nothing", (), "sys", quiet=True),
			self.peer("execsnoop", event="exec"), self.ours("execsnoop", event="exec"),
			self.peer("execsnoop", "-x", event="exec"), self.ours("execsnoop", "-x", event="exec"),
			self.peer("killsnoop", event="kill"), self.ours("killsnoop", event="kill"),
			self.ours("sigsnoop", event="signal"), self.peer("sigsnoop", event="signal"),
			self.peer("cpudist", event="switch", quiet=True), self.ours("cpudist", event="switch", quiet=True),
			self.floor("kill"),
		]

	def delivery(self):
		json_lines, tiny = ("--output", "json"), ("--buffer-size", "4096")
		ours_only = ("--cgroup", self.cgroup) if self.cgroup else ()
		return {
			"open": [self.peer("opensnoop", event="open"), self.ours("opensnoop", event="open")],
			"kill": [
				self.peer("killsnoop", event="kill"), self.ours("killsnoop", event="kill"),
				self.ours("killsnoop", *json_lines, event="kill", versus=(), label="killsnoop, JSON",
					number=IN_JSON_TARGET),
				self.ours("killsnoop", *tiny, *ours_only, event="kill", versus=(), label="killsnoop, 4 KiB ring")],
			"signal": [
				self.peer("killsnoop", event="signal", number=SENT_BY),
				self.ours("killsnoop", event="signal", number=SENT_BY),
				self.ours("killsnoop", *tiny, *ours_only, event="signal", versus=(), label="killsnoop, 4 KiB ring",
					number=SENT_BY)],
			"exec": [
				self.peer("execsnoop", event="exec"), self.ours("execsnoop", event="exec"),
				self.ours("execsnoop", *json_lines, event="exec", versus=(), label="execsnoop, JSON",
					number=IN_JSON_ARGUMENT)],
		}

	def start(self):
		return [
			self.peer("killsnoop", event="kill"),
			self.ours("killsnoop", event="kill"),
			self.peer("execsnoop", event="exec"), self.ours("execsnoop", event="exec"),
			*(one for options in ((), ("-P",), ("-O",)) for one in (
				self.peer("cpudist", *options, event="switch", quiet=True),
				self.ours("cpudist", *options, event="switch", quiet=True))),
			*(self.floor(event, clock=True) for event in ("kill", "exec", "switch")),
		]

	def latency(self):
		return [
			self.peer("killsnoop", event="kill"), self.ours("killsnoop", event="kill"),
			self.peer("execsnoop", event="exec"), self.ours("execsnoop", event="exec"),
			self.peer("cpudist", event="switch", quiet=True), self.ours("cpudist", event="switch", quiet=True),
		]
