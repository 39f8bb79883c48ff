# SPDX-License-Identifier: BSD-2-Clause
"""Tables of medians, ranges, ratios and goals. A ratio is the median of the ratios of single rounds, in which both were
measured one after the other; so what changes on the machine between rounds does not reach it."""
import statistics
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass(frozen=True)
class Figure:
	key: str
	title: str
	ratio: bool = True  # to the namesake and to the floor; senseless for differences
	floor: bool = False


@dataclass
class Row:
	"""One figure of one subject."""
	subject: str
	values: list
	of_peer: Optional[float] = None
	of_floor: Optional[float] = None
	peer: Optional[float] = None  # the namesake's median
	noise: float = 0              # the most that was measured where there was nothing to measure

	@property
	def median(self):
		return statistics.median(self.values)


@dataclass(frozen=True)
class Goal:
	text: str
	met: Callable[[Row], Optional[bool]]  # None: cannot be said


def _ratio(test):
	return lambda row: None if row.of_peer is None else test(row.of_peer)


def at_most_of_peer(limit, text=None):
	return Goal(text or f"≤ {limit:g} of peer", _ratio(lambda x: x <= limit))


def at_least_of_peer(limit):
	return Goal(f"≥ {limit:g} × peer", _ratio(lambda x: x >= limit))


def at_most(limit, unit=""):
	return Goal(f"≤ {limit:g}{unit}", lambda row: row.median <= limit)


def none_in_any_round():
	return Goal("0", lambda row: not any(row.values))


def never_more_than_0():
	return Goal("≤ 0", lambda row: max(row.values) <= 0)


def within_noise():
	return Goal("0 within noise", lambda row: abs(row.median) <= row.noise)


def no_more_than_peer():
	return Goal("≤ peer within noise",
		lambda row: None if row.peer is None else row.median <= row.peer + row.noise)


FIGURES = {
	"cost": [
		Figure("ns_event", "BPF time per event, ns", floor=True), Figure("ns_run", "BPF time per run, ns", floor=True),
		Figure("runs_event", "program runs per event"), Figure("missed", "runs that the kernel left out", ratio=False),
		Figure("added_ns", "added to each event's maker, ns", floor=True),
		Figure("slowdown", "slowdown of the maker, times", ratio=False),
		Figure("reader_ns_event", "tool's CPU per event made, ns")],
	"bystander": [Figure("added_ns", "added to a getppid(), ns", ratio=False),
		Figure("alone_ns", "getppid() alone, ns", ratio=False)],
	"delivery": [
		Figure("made_s", "events made a second"), Figure("delivered_s", "lines delivered a second"),
		Figure("lost_share", "lost, %", ratio=False), Figure("lost", "lost, events", ratio=False),
		Figure("unaccounted", "lost and not told, events", ratio=False),
		Figure("again", "lines told twice", ratio=False),
		Figure("reader_ns_line", "tool's CPU per line, ns"), Figure("peak_kib", "peak memory, KiB")],
	"start": [
		Figure("capture_ms", "spawn to first event captured, ms", floor=True),
		Figure("terminal_line_ms", "spawn to first line, terminal, ms"),
		Figure("pipe_line_ms", "spawn to first line, pipe, ms"),
		Figure("pipe_later_ms", "first line later on a pipe, ms", ratio=False),
		Figure("exit_ms", "Ctrl-C to exit, ms", floor=True),
		Figure("map_kib", "memory of its maps, KiB"), Figure("peak_kib", "peak memory, KiB", floor=True),
		Figure("steady_kib", "steady memory, KiB", floor=True)],
	"latency": [
		Figure("median_us", "event to line, median, µs"), Figure("p99_us", "event to line, 99th percentile, µs"),
		Figure("cpu_us_event", "tool's CPU per event, µs"), Figure("idle_ppm", "CPU while idle, ppm of a CPU")],
}

# (group, figure, subject): goal. Only of what is ours.
GOALS = {
	("cost/kill", "ns_event", "killsnoop"): at_most_of_peer(1 / 25, "≤ 1/25 of peer"),
	("cost/exec", "ns_event", "execsnoop"): at_most_of_peer(1 / 20, "≤ 1/20 of peer"),
	**{("cost/switch", "ns_run", name): at_most_of_peer(0.32) for name in ("cpudist", "cpudist -P", "cpudist -O")},
	**{("cost/switch", "ns_event", name): at_most_of_peer(0.32) for name in ("runqlat", "runqlat -P")},
	("cost/switch", "ns_event", "offcputime"): at_most_of_peer(1),
	("cost/sample", "ns_run", "profile -F 997"): at_most_of_peer(1),
	("cost/open", "ns_event", "opensnoop"): at_most_of_peer(1 / 20, "≤ 1/20 of peer"),
	("delivery/open x3", "lost", "opensnoop"): none_in_any_round(),
	("cost/sys", "ns_run", "syscount"): at_most_of_peer(0.45),
	("cost/sys", "ns_event", "syscount -L"): at_most_of_peer(0.6),
	("cost/tcp", "ns_event", "tcplife"): at_most_of_peer(0.5),
	("bystander", "added_ns", "execsnoop"): within_noise(),
	("bystander", "added_ns", "killsnoop"): no_more_than_peer(),
	("delivery/kill x3", "delivered_s", "killsnoop"): at_least_of_peer(15),
	("delivery/kill x3", "lost", "killsnoop"): none_in_any_round(),
	**{(f"delivery/kill x{n}", "reader_ns_line", "killsnoop"): at_most_of_peer(1 / 40, "≤ 1/40 of peer")
		for n in (1, 3)},
	# Below 0: others' events were lost too, and are told. The small ring sees the load's cgroup and nothing else.
	**{(f"delivery/{event} x{n}", "unaccounted", name): never_more_than_0() for event, names in (
		("kill", ("killsnoop", "killsnoop, JSON")), ("signal", ("killsnoop",)),
		("exec", ("execsnoop", "execsnoop, JSON"))) for n in (1, 3) for name in names},
	**{(f"delivery/{event} x{n}", "unaccounted", "killsnoop, 4 KiB ring"): none_in_any_round()
		for event in ("kill", "signal") for n in (1, 3)},
	("start", "map_kib", "execsnoop"): at_most_of_peer(1 / 20, "≤ 1/20 of peer"),
	("start", "exit_ms", "killsnoop"): at_most_of_peer(1 / 3, "≤ 1/3 of peer"),
	**{("start", "exit_ms", name): at_most(5, " ms") for name in ("execsnoop", "cpudist", "cpudist -P", "cpudist -O")},
	**{("start", "pipe_later_ms", name): Goal("≤ 0 within the range", lambda row: min(row.values) <= 0)
		for name in ("killsnoop", "execsnoop")},
}


def number(value):
	"""Three figures that count."""
	if value == 0 or abs(value) >= 100:
		return f"{value:,.0f}".replace("-0", "0") if round(value) == 0 else f"{value:,.0f}"
	return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.095 else f"{value:.3f}"


class Results:
	"""All figures of all rounds: {group: {subject name: {round: figures}}}, in the order in which subjects came."""

	def __init__(self):
		self.groups, self.subjects = {}, {}

	def add(self, group, subject, turn, figures):
		rounds = self.groups.setdefault(group, {}).setdefault(subject.name, {})
		rounds.setdefault(turn, {}).update(figures)
		if {"pipe_line_ms", "terminal_line_ms"} <= rounds[turn].keys():
			rounds[turn]["pipe_later_ms"] = rounds[turn]["pipe_line_ms"] - rounds[turn]["terminal_line_ms"]
		self.subjects[group, subject.name] = subject

	def rows(self, group, figure):
		named = self.groups[group]
		noise = max((abs(f.get(figure.key, 0)) for f in named.get("nothing", {}).values()), default=0)
		for name, rounds in named.items():
			values = [f[figure.key] for f in rounds.values() if figure.key in f]
			if not values:
				continue
			subject = self.subjects[group, name]
			row = Row(name, values, noise=noise)
			peers = [f[figure.key] for f in named.get(subject.versus, {}).values() if figure.key in f]
			row.peer = statistics.median(peers) if peers else None
			if figure.ratio:
				row.of_peer = self._ratio(named, name, subject.versus, figure.key)
				if figure.floor:
					row.of_floor = self._ratio(named, name, subject.floor, figure.key)
			yield row

	@staticmethod
	def _ratio(named, name, other, key):
		both = [(f[key], named[other][turn][key]) for turn, f in named[name].items()
			if other in named and key in f and named[other].get(turn, {}).get(key)]
		return statistics.median(a / b for a, b in both) if both else None

	def as_json(self):
		return {group: {name: list(rounds.values()) for name, rounds in named.items()}
			for group, named in self.groups.items()}


def table(results, group):
	"""(lines, goals met, goals missed)"""
	heads = ("", "median", "lowest", "highest", "of peer", "of floor", "goal", "")
	cells, met, missed = [], 0, 0
	for figure in FIGURES[group.split("/")[0]]:
		rows = list(results.rows(group, figure))
		if not rows or (figure.key in ("missed", "again") and not any(any(r.values) for r in rows)):
			continue
		cells.append((figure.title,))
		for row in rows:
			goal = GOALS.get((group, figure.key, row.subject))
			verdict = goal.met(row) if goal else None
			met, missed = met + (verdict is True), missed + (verdict is False)
			cells.append((f"  {row.subject}", number(row.median), number(min(row.values)), number(max(row.values)),
				"" if row.of_peer is None else number(row.of_peer), "" if row.of_floor is None else number(row.of_floor),
				goal.text if goal else "", "" if goal is None else {True: "met", False: "MISSED", None: "?"}[verdict]))
	full = [line for line in cells if len(line) > 1]
	widths = [max(len(line[i]) for line in [heads, *full]) for i in range(len(heads))]
	lines = [f"## {group}", ""]
	for line in [heads, *cells]:
		if len(line) == 1:
			lines.append(line[0])
			continue
		shown = [f"{line[0]:<{widths[0]}}"] + [f"{line[i]:>{widths[i]}}" for i in range(1, 6)]
		shown += [f"{line[6]:<{widths[6]}}", line[7]]
		lines.append("  ".join(shown).rstrip())
	return lines, met, missed
