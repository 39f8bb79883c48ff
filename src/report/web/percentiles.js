// SPDX-License-Identifier: BSD-2-Clause
// Percentiles over time. Each is a band: the bucket that holds it, from its lower to its upper bound; the line is the upper.
import uPlot from "uplot";
import { bucket, css, edges, element, moment, whole } from "./common.js";
import { addPlot, groupHooks, timeAxis, valueAxis, zoomKey } from "./plot.js";

const HEIGHT = 280;
const NAMES = ["p50", "p90", "p99", "p99.9", "max"];
const SHOWN = [true, true, true, false, true];
const colour = (i) => css(`--line${i + 1}`);

// Steps from where a column begins to where it ends; nothing where nothing was traced.
function steps(columns) {
  const x = [], lines = NAMES.map(() => [[], []]);
  const push = (seconds, column) => {
    if (x.length && seconds <= x[x.length - 1]) return;
    x.push(seconds);
    NAMES.forEach((name, i) => {
      const q = column?.q[i];
      const [from, to] = q ? edges(q) : [null, null];
      lines[i][0].push(from);
      lines[i][1].push(to);
    });
  };
  columns.forEach((column, i) => {
    push(column.t[0], column);
    const length = Math.max(column.t[1] - column.t[0], 1e-6), next = columns[i + 1];
    if (!next || next.t[0] - column.t[1] > 0.05 * length) {
      push(column.t[1], column);
      if (next) push(column.t[1] + 0.01 * (next.t[0] - column.t[1]), null);
    }
  });
  return [x, ...lines.flat()];
}

export function drawPercentiles(figure, data, group) {
  const values = steps(data.columns);
  const all = data.columns.flatMap((column) => column.q.filter(Boolean).flatMap(edges));
  const least = Math.min(...all), most = Math.max(...all);
  const shown = [...SHOWN];
  const buttons = NAMES.map((name, i) => {
    const button = element("button", { type: "button", class: `key line${i + 1}`, "aria-pressed": String(shown[i]) }, name);
    button.addEventListener("click", () => {
      shown[i] = !shown[i];
      button.setAttribute("aria-pressed", String(shown[i]));
      plot.setSeries(1 + 2 * i, { show: shown[i] });
      plot.setSeries(2 + 2 * i, { show: shown[i] });
    });
    return button;
  });
  const readout = element("p", { class: "readout", role: "status", "aria-live": "polite" }, "Point at a time, or use the arrow keys.");
  const place = element("div", { class: "plot", tabindex: 0, role: "application",
    "aria-label": "Percentiles over time. Arrow keys move from column to column, plus and minus zoom, Escape shows all. Its numbers are in the table." });
  figure.append(element("div", { class: "bar", role: "toolbar", "aria-label": "Lines" }, ...buttons), place, readout);
  let at = -1;
  const tell = (index) => {
    const column = data.columns[index];
    at = index;
    readout.textContent = [`${moment(column.t[0])} .. ${moment(column.t[1])}`, `${whole(column.n)} values`,
      ...NAMES.map((name, i) => (shown[i] ? `${name} ${column.q[i] ? bucket(column.q[i], data.unit) : "-"}` : null)),
      Number(column.l) ? `lost ${whole(column.l)}` : null].filter(Boolean).join(" \u00b7 ");
  };
  const series = [{}];
  const bands = [];
  NAMES.forEach((name, i) => {
    const paths = uPlot.paths.stepped({ align: 1 });
    series.push({ paths, show: shown[i], points: { show: false }, stroke: "transparent", width: 0 },
      { paths, show: shown[i], points: { show: false }, stroke: () => colour(i), width: 1.5 });
    bands.push({ series: [2 + 2 * i, 1 + 2 * i], fill: () => `color-mix(in srgb, ${colour(i)} 28%, transparent)` });
  });
  const hooks = groupHooks(group);
  const plot = addPlot(place, values, () => ({
    height: HEIGHT,
    scales: { x: { time: true, range: () => group.range }, y: { distr: 3, range: () => [least, most * 1.02] } },
    axes: [timeAxis(), valueAxis(data, true)],
    series, bands,
    cursor: { ...hooks.cursor, y: false },
    hooks: {
      setSelect: [hooks.select],
      setCursor: [(u) => {
        if (u.cursor.left < 0) return;
        const seconds = u.posToVal(u.cursor.left, "x");
        const index = data.columns.findIndex((c, i) => seconds >= c.t[0] && seconds < (data.columns[i + 1]?.t[0] ?? Infinity));
        if (index >= 0) tell(index);
      }],
    },
  }));
  group.plots.push(plot);
  place.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = data.columns.length - 1;
    const to = { ArrowLeft: Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, last), Home: 0, End: last }[event.key];
    if (to !== undefined) {
      tell(to);
      const left = plot.valToPos((data.columns[to].t[0] + data.columns[to].t[1]) / 2, "x");
      plot.setCursor({ left, top: 10 }, false);
    } else if (!zoomKey(group, event.key)) return;
    event.preventDefault();
  });
}
