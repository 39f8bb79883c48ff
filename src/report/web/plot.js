// SPDX-License-Identifier: BSD-2-Clause
// What the charts with axes share: uPlot with the theme's colours, times in UTC, one zoom for all of a section, and keys.
import uPlot from "uplot";
import { clock, css, day, element, marks, onRedraw, quantity } from "./common.js";

export const FONT = "12px system-ui, sans-serif";

export const valueAxis = (data, vertical) => ({
  stroke: () => css("--muted"),
  grid: { stroke: () => css("--grid"), width: 1 },
  ticks: { stroke: () => css("--grid"), width: 1, size: 6 },
  font: FONT,
  size: vertical ? 72 : 36,
  splits: (u, axis, least, most) => marks(least, most, data, Math.max(2, (vertical ? (u.height - 70) / 28 : (u.width - 80) / 72) | 0)),
  filter: (u, splits) => splits,
  values: (u, splits) => splits.map((value) => quantity(value, data.base, data.scale)),
});

export const timeAxis = () => ({
  stroke: () => css("--muted"),
  grid: { stroke: () => css("--grid"), width: 1 },
  ticks: { stroke: () => css("--grid"), width: 1, size: 6 },
  font: FONT,
  size: 48,
  space: 70,
  values: (u, splits, axis, space, step) => splits.map((seconds, i) => {
    const date = new Date(seconds * 1000);
    if (step >= 86400) return day(date);
    const last = i > 0 && day(new Date(splits[i - 1] * 1000));
    return clock(date, step) + (day(date) === last ? "" : "\n" + day(date));
  }),
});

// The charts over time of one section: they are zoomed as one.
export class TimeGroup {
  constructor(columns) {
    this.plots = [];
    this.from = columns[0].t[0];
    this.to = Math.max(...columns.map((column) => column.t[1]), this.from + 1e-3);
    this.range = [this.from, this.to];
    this.listeners = [];
  }
  get zoomed() { return this.range[0] > this.from || this.range[1] < this.to; }
  set(from, to) {
    if (!(to > from)) return;
    this.range = [Math.max(from, this.from), Math.min(to, this.to)];
    for (const plot of this.plots) plot.setScale("x", { min: this.range[0], max: this.range[1] });
    for (const listener of this.listeners) listener();
  }
  reset() { this.set(this.from, this.to); }
  // Around where it was, by a factor; a share of its own length to the side.
  change(factor, shift = 0) {
    const [from, to] = this.range, length = to - from, middle = (from + to) / 2;
    const wanted = Math.min(length * factor, this.to - this.from);
    let begin = middle - wanted / 2 + shift * length;
    begin = Math.min(Math.max(begin, this.from), this.to - wanted);
    this.set(begin, begin + wanted);
  }
}

// A plot that follows the width of its figure; options(width) makes uPlot's options, data its data.
export function addPlot(place, data, options) {
  let plot = null;
  const width = () => Math.max(280, place.clientWidth);
  const make = () => {
    plot?.destroy();
    plot = new uPlot({ legend: { show: false }, padding: [10, 40, 0, 0], tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      ...options(width()), width: width() }, data, place);
  };
  make();
  new ResizeObserver(() => { if (plot.width !== width()) plot.setSize({ width: width(), height: plot.height }); }).observe(place);
  onRedraw(() => plot.redraw(false, true));
  return plot;
}

// Dragging zooms the group, not the one plot; a double click shows all again.
export const groupHooks = (group) => ({
  cursor: {
    drag: { x: true, y: false, setScale: false },
    points: { show: false },
    bind: { dblclick: () => () => { group.reset(); return null; } },
  },
  select: (u) => {
    if (u.select.width > 4) group.set(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  },
});

export function zoomBar(group) {
  const button = (text, label, act) => element("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
  const all = button("Show all", "Show all of the time", () => group.reset());
  const bar = element("div", { class: "bar", role: "toolbar", "aria-label": "Zoom" },
    button("+", "Zoom in", () => group.change(0.5)), button("\u2212", "Zoom out", () => group.change(2)),
    button("\u2190", "Earlier", () => group.change(1, -0.25)), button("\u2192", "Later", () => group.change(1, 0.25)), all);
  const tell = () => { all.disabled = !group.zoomed; };
  group.listeners.push(tell);
  tell();
  return bar;
}

// Keys of a chart over time that are the same in all of them. True if it was one.
export function zoomKey(group, key) {
  if (key === "+" || key === "=") group.change(0.5);
  else if (key === "-") group.change(2);
  else if (key === "Escape" || key === "0") group.reset();
  else return false;
  return true;
}
