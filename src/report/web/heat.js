// SPDX-License-Identifier: BSD-2-Clause
// The heat map: time to the right, values upwards, the brighter the more values in a second of traced time. A column is
// what was counted in one interval or several; where nothing was traced there is none.
import { about, bucket, css, edges, element, moment, percent, quantity, whole } from "./common.js";
import { scaleColour } from "./colours.js";
import { addPlot, groupHooks, timeAxis, valueAxis, zoomBar, zoomKey } from "./plot.js";

const HEIGHT = 340;
const PERCENTILES = ["p50", "p90", "p99", "p99.9", "max"];

// Values per second of each cell, and the least and the greatest of them all.
function rates(data) {
  let least = Infinity, most = 0;
  const columns = data.columns.map((column) => {
    const seconds = column.w || column.t[1] - column.t[0] || 1;
    const cells = new Map();
    for (let i = 0; i < column.c.length; i += 2) {
      const rate = Number(column.c[i + 1]) / seconds;
      cells.set(column.c[i], { rate, count: column.c[i + 1] });
      least = Math.min(least, rate);
      most = Math.max(most, rate);
    }
    return { ...column, cells, seconds };
  });
  // A hair between two intervals is the time to read the counters, not a time that nobody traced.
  columns.forEach((column, i) => {
    const next = columns[i + 1]?.t[0];
    const gap = next - column.t[1];
    column.end = gap > 0 && gap < 0.05 * (column.t[1] - column.t[0]) ? next : column.t[1];
  });
  return { columns, least, most };
}

function legend(heat) {
  const canvas = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const ctx = canvas.getContext("2d");
  for (let x = 0; x < 256; x++) {
    ctx.fillStyle = scaleColour(x / 255);
    ctx.fillRect(x, 0, 1, 1);
  }
  const { least, most } = heat;
  const numbers = most > least * 1.001 ? [0, 0.25, 0.5, 0.75, 1].map((at) => about(least * (most / least) ** at)) : [about(most)];
  return element("div", { class: "legend" },
    element("div", { class: "ramp" }, canvas, element("div", { class: "numbers" }, ...numbers.map((n) => element("span", {}, n)))),
    element("span", { class: "unit" }, "values per second"),
    element("span", { class: "swatch none" }), element("span", {}, "none"),
    element("span", { class: "swatch untraced" }), element("span", {}, "not traced"));
}

function hatch(ctx) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const to = tile.getContext("2d");
  to.strokeStyle = css("--hatch");
  to.lineWidth = 1;
  for (const shift of [-8, 0, 8]) {
    to.beginPath();
    to.moveTo(shift, 8);
    to.lineTo(shift + 8, 0);
    to.stroke();
  }
  return ctx.createPattern(tile, "repeat");
}

export function drawHeat(figure, data, group) {
  const heat = rates(data);
  const rows = data.rows.map((row) => ({ row, edges: edges(row) }));
  const least = Math.min(...rows.map(({ edges }) => edges[0])), most = Math.max(...rows.map(({ edges }) => edges[1]));
  const log = (rate) => (heat.most > heat.least ? Math.log(rate / heat.least) / Math.log(heat.most / heat.least) : 1);
  let at = null; // column and row that are read out

  const paint = (u) => {
    const { ctx, bbox } = u;
    const x = (seconds) => Math.round(u.valToPos(seconds, "x", true)), y = (value) => Math.round(u.valToPos(value, "y", true));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = hatch(ctx);
    ctx.fillRect(bbox.left, bbox.top, bbox.width, bbox.height);
    for (const column of heat.columns) {
      const left = x(column.t[0]), width = Math.max(1, x(column.end) - left);
      if (left + width < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.fillStyle = css("--plot");
      ctx.fillRect(left, bbox.top, width, bbox.height);
      for (const [row, cell] of column.cells) {
        const [from, to] = rows[row].edges, top = y(to);
        ctx.fillStyle = scaleColour(log(cell.rate));
        ctx.fillRect(left, top, width, Math.max(1, y(from) - top));
      }
    }
    ctx.restore();
  };
  const mark = (u) => {
    if (!at) return;
    const column = heat.columns[at.column], [from, to] = rows[at.row].edges;
    const ratio = devicePixelRatio, ctx = u.ctx;
    const left = u.valToPos(column.t[0], "x", true), top = u.valToPos(to, "y", true);
    ctx.save();
    ctx.strokeStyle = css("--accent");
    ctx.lineWidth = 2 * ratio;
    ctx.strokeRect(left, top, Math.max(2, u.valToPos(column.end, "x", true) - left), Math.max(2, u.valToPos(from, "y", true) - top));
    ctx.restore();
  };

  const readout = element("p", { class: "readout", role: "status", "aria-live": "polite" }, "Point at a cell, or use the arrow keys.");
  const tell = () => {
    const column = heat.columns[at.column], { row } = rows[at.row], cell = column.cells.get(at.row);
    const count = cell ? cell.count : 0;
    const parts = [
      `${moment(column.t[0])} .. ${moment(column.t[1])}`, bucket(row, data.unit),
      `${whole(count)} of ${whole(column.n)} values` + (cell ? ` (${percent(Number(count) / Number(column.n))}), ${about(cell.rate)}/s` : ""),
      ...column.q.map((q, i) => (q && i !== 1 && i !== 3 ? `${PERCENTILES[i]} ${bucket(q, data.unit)}` : null)),
      Number(column.l) ? `lost ${whole(column.l)}` : null,
    ];
    readout.textContent = parts.filter(Boolean).join(" \u00b7 ");
  };
  const choose = (column, row) => {
    at = { column: Math.min(Math.max(column, 0), heat.columns.length - 1), row: Math.min(Math.max(row, 0), rows.length - 1) };
    tell();
    plot.redraw(false, false);
  };
  const under = (seconds, value) => {
    const column = heat.columns.findIndex((c) => seconds >= c.t[0] && seconds < c.end);
    const row = rows.findIndex(({ edges: [from, to] }) => value > from && value <= to);
    return { column, row };
  };

  const place = element("div", { class: "plot", tabindex: 0, role: "application",
    "aria-label": "Heat map. Arrow keys move from cell to cell, plus and minus zoom, Escape shows all. Its numbers are in the tables." });
  figure.append(zoomBar(group), place, legend(heat), readout);
  const hooks = groupHooks(group);
  const plot = addPlot(place, [heat.columns.map((c) => c.t[0]), heat.columns.map(() => null)], () => ({
    height: HEIGHT,
    scales: { x: { time: true, range: () => group.range }, y: { distr: 3, range: () => [least, most] } },
    axes: [timeAxis(), valueAxis(data, true)],
    series: [{}, { paths: () => null, points: { show: false } }],
    cursor: { ...hooks.cursor, y: true },
    hooks: {
      drawClear: [paint],
      draw: [mark],
      setSelect: [hooks.select],
      setCursor: [(u) => {
        const { left, top } = u.cursor;
        if (left < 0 || top < 0) return;
        const { column, row } = under(u.posToVal(left, "x"), u.posToVal(top, "y"));
        if (column < 0) readout.textContent = `${moment(u.posToVal(left, "x"))} \u00b7 not traced`;
        else if (row >= 0) { at = { column, row }; tell(); }
        else readout.textContent = `${quantity(u.posToVal(top, "y"), data.base, data.scale)}: no value in this row at any time`;
      }],
    },
  }));
  group.plots.push(plot);
  place.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const move = moves[event.key];
    if (move) {
      if (!at) {
        let row = 0;
        for (const [index, cell] of heat.columns[0].cells) if (cell.rate >= (heat.columns[0].cells.get(row)?.rate ?? 0)) row = index;
        choose(0, row);
      } else choose(at.column + move[0], at.row + move[1]);
    } else if (event.key === "Home") choose(0, at?.row ?? 0);
    else if (event.key === "End") choose(heat.columns.length - 1, at?.row ?? 0);
    else if (!zoomKey(group, event.key)) return;
    event.preventDefault();
  });
}
