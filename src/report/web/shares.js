// SPDX-License-Identifier: BSD-2-Clause
// Two distributions in one picture: of each side, what share of its own values lies where. As buckets differ in width, the
// height is the share for a doubling of the value: so a step from one width to the next is no step of the line.
import uPlot from "uplot";
import { bucket, css, edges, element, percent, whole } from "./common.js";
import { addPlot, valueAxis, FONT } from "./plot.js";

const HEIGHT = 280;

export function drawShares(figure, data) {
  const totals = data.counts.map(Number);
  const share = (row, side) => (totals[side] ? Number(row[2 + side]) / totals[side] : 0);
  const x = [], lines = [[], []];
  const height = (row, side) => share(row, side) / Math.log2(edges(row)[1] / edges(row)[0]);
  const push = (value, row) => {
    x.push(value);
    for (const side of [0, 1]) lines[side].push(row ? height(row, side) : 0);
  };
  data.rows.forEach((row, i) => {
    const [from, to] = edges(row), next = data.rows[i + 1];
    push(from, row);
    if (!next || edges(next)[0] > to) push(to, null);
  });
  const least = x[0], most = x[x.length - 1];
  const readout = element("p", { class: "readout", role: "status", "aria-live": "polite" }, "Point at a bucket, or use the arrow keys.");
  const place = element("div", { class: "plot", tabindex: 0, role: "application",
    "aria-label": "Shares by bucket of both sides. Arrow keys move from bucket to bucket. Its numbers are in the table." });
  figure.append(element("div", { class: "legend" }, element("span", { class: "swatch side-a" }), element("span", {}, "A"),
    element("span", { class: "swatch side-b" }), element("span", {}, "B")), place, readout);
  let at = -1;
  const tell = (index) => {
    at = index;
    const row = data.rows[index];
    readout.textContent = [bucket(row, data.unit),
      ...["A", "B"].map((name, side) => `${name} ${percent(share(row, side))} (${whole(row[2 + side])} values)`),
      `shift ${((share(row, 1) - share(row, 0)) * 100).toFixed(2)} points`].join(" \u00b7 ");
  };
  const line = (name) => ({ paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, width: 2, stroke: () => css(name),
    fill: () => `color-mix(in srgb, ${css(name)} 22%, transparent)` });
  const plot = addPlot(place, [x, ...lines], () => ({
    height: HEIGHT,
    scales: { x: { time: false, distr: 3, range: () => [least, most] }, y: { range: (u, min, max) => [0, (max || 1) * 1.05] } },
    axes: [valueAxis(data, false), { stroke: () => css("--muted"), grid: { stroke: () => css("--grid"), width: 1 },
      ticks: { stroke: () => css("--grid"), width: 1, size: 6 }, font: FONT, size: 56,
      values: (u, splits) => splits.map((value) => `${Number((value * 100).toPrecision(3))} %`) }],
    series: [{}, line("--side-a"), line("--side-b")],
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    hooks: { setCursor: [(u) => {
      if (u.cursor.left < 0) return;
      const value = u.posToVal(u.cursor.left, "x");
      const index = data.rows.findIndex((row) => value > edges(row)[0] && value <= edges(row)[1]);
      if (index >= 0) tell(index);
    }] },
  }));
  place.addEventListener("keydown", (event) => {
    const last = data.rows.length - 1;
    const to = { ArrowLeft: Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, last), Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    tell(to);
    const [from, end] = edges(data.rows[to]);
    plot.setCursor({ left: plot.valToPos(Math.sqrt(from * end), "x"), top: 10 }, false);
    event.preventDefault();
  });
}
