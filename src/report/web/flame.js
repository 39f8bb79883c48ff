// SPDX-License-Identifier: BSD-2-Clause
// The flame graph, callers above: a frame is as wide as its share. A click or Enter makes it as wide as the picture;
// a search marks frames; with two sides the colour tells how a frame's share changed.
import { about, css, element, onRedraw, percent, quantity, whole } from "./common.js";
import { changeColour, frameColour } from "./colours.js";
import { isDark } from "./theme.js";
import { Tree } from "./tree.js";

const ROW = 19, TEXT = 6.7, LEAST = 0.4;
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A regular expression if it is one, else just the text; case counts only where it is written.
function matcher(text) {
  const flags = text === text.toLowerCase() ? "i" : "";
  try {
    const pattern = new RegExp(text, flags);
    return (name) => pattern.test(name);
  } catch {
    return (name) => name.includes(text);
  }
}

export function drawFlame(figure, data) {
  const tree = new Tree(data), two = Boolean(data.sides);
  let side = two ? 1 : 0, zoom = 0, focus = 0, hits = null;
  let placed = []; // of each row, the frames that are drawn

  const search = element("input", { type: "search", placeholder: "Search frames", "aria-label": "Search frames; a regular expression", spellcheck: "false" });
  const found = element("output", { class: "found" });
  const reset = element("button", { type: "button", onclick: () => zoomTo(0) }, "Reset zoom");
  const bar = element("div", { class: "bar", role: "toolbar", "aria-label": "Flame graph" }, search, found, reset);
  if (two) {
    const buttons = data.sides.map((text, which) => element("button", { type: "button", "aria-pressed": String(which === side), title: text,
      onclick: () => { side = which; buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(i === side))); draw(); } },
      which ? "Widths of B" : "Widths of A"));
    bar.append(...buttons);
  }
  const place = element("div", { class: "flame", tabindex: 0, role: "application",
    "aria-label": "Flame graph. Up and down arrows go to the caller and to what it calls, left and right to its neighbours, Enter zooms, Escape shows all, slash searches. Its numbers are in the table." });
  const picture = svg("svg", { "aria-hidden": "true" });
  place.append(picture);
  const readout = element("p", { class: "readout", role: "status", "aria-live": "polite" }, "Point at a frame, click to zoom, / to search.");
  figure.append(bar, two ? changeLegend() : kindLegend(), place, readout);

  function kindLegend() {
    const kinds = new Set(tree.kind);
    const words = [[1, "process"], [2, "kernel"], [0, "name or note"]].filter(([kind]) => kinds.has(kind));
    return element("div", { class: "legend" }, ...words.flatMap(([kind, word]) => [element("span", { class: `swatch kind${kind}` }), element("span", {}, word)]));
  }
  function changeLegend() {
    return element("div", { class: "legend" }, element("span", { class: "swatch less" }), element("span", {}, "smaller share in B"),
      element("span", { class: "swatch more" }), element("span", {}, "greater share in B"));
  }

  const weight = (node, of) => {
    const value = tree.total[of][node];
    return whole(value) + (data.unit === "ns" ? ` ns (${quantity(value, "time", 1)})` : data.unit ? ` ${data.unit}` : "");
  };
  const tell = (node) => {
    const parts = two
      ? [0, 1].map((of) => `${of ? "B" : "A"} ${weight(node, of)}, ${percent(tree.share(node, of))}`)
      : [`${weight(node, 0)}, ${percent(tree.share(node, 0))}`, `self ${whole(tree.self[0][node])}`];
    if (two) parts.push(`share ${((tree.share(node, 1) - tree.share(node, 0)) * 100).toFixed(2)} points`);
    readout.textContent = [node ? tree.nameOf(node) : "all", ...parts, node ? tree.path(node).slice(0, -1).join(" \u203a ") : null].filter(Boolean).join(" \u00b7 ");
  };

  // The greatest change of a share, which has the full colour.
  let greatest = 0;
  if (two) for (let i = 1; i < tree.name.length; i++) greatest = Math.max(greatest, Math.abs(tree.share(i, 1) - tree.share(i, 0)));

  function colour(node, dark) {
    if (hits?.found[tree.name[node]]) return css("--hit");
    if (two) return changeColour(greatest ? (tree.share(node, 1) - tree.share(node, 0)) / greatest : 0, dark);
    return frameColour(tree.nameOf(node), node ? tree.kind[node] : 0, dark);
  }

  function draw() {
    const width = Math.max(280, place.clientWidth - 2), dark = isDark();
    const frames = [];
    placed = [];
    let rows = 0;
    const add = (node, x, w) => {
      const row = tree.depth[node];
      rows = Math.max(rows, row + 1);
      (placed[row] ??= []).push(node);
      const shape = svg("rect", { x: x.toFixed(2), y: row * ROW, width: Math.max(w - 0.6, LEAST).toFixed(2), height: ROW - 1, fill: colour(node, dark), rx: 1.5 });
      const group = svg("g", { "data-node": node, class: (node < zoom || !tree.isBelow(node, zoom) ? "above" : "") + (node === focus ? " focus" : "") }, shape);
      const room = Math.floor((w - 8) / TEXT), name = node ? tree.nameOf(node) : "all";
      if (room >= 3) {
        const text = svg("text", { x: (x + 4).toFixed(2), y: row * ROW + 13 });
        text.textContent = name.length <= room ? name : name.slice(0, room - 1) + "\u2026";
        group.append(text);
      }
      frames.push(group);
    };
    for (let at = tree.parent[zoom]; at >= 0; at = tree.parent[at]) add(at, 0, width);
    const all = tree.total[side][zoom];
    const open = [[zoom, 0, width]];
    while (open.length) {
      const [node, x, w] = open.pop();
      add(node, x, w);
      let from = x;
      for (const child of tree.children[node]) {
        const part = all ? (tree.total[side][child] / all) * width : 0;
        if (part >= LEAST) open.push([child, from, part]);
        from += part;
      }
    }
    for (const row of placed) row?.sort((a, b) => order(a) - order(b));
    picture.setAttribute("width", width);
    picture.setAttribute("height", rows * ROW);
    picture.replaceChildren(...frames);
    reset.disabled = zoom === 0;
  }
  // From left to right: by name within a caller, callers before.
  const place_of = new Float64Array(tree.name.length);
  { let next = 0;
    const open = [0];
    while (open.length) {
      const node = open.pop();
      place_of[node] = next++;
      for (let i = tree.children[node].length - 1; i >= 0; i--) open.push(tree.children[node][i]);
    } }
  const order = (node) => place_of[node];

  const zoomTo = (node) => { zoom = node; focus = node; draw(); tell(node); };
  const focusOn = (node) => {
    const before = picture.querySelector(".focus");
    before?.classList.remove("focus");
    focus = node;
    const now = picture.querySelector(`[data-node="${node}"]`);
    now?.classList.add("focus");
    now?.scrollIntoView({ block: "nearest" });
    tell(node);
  };
  const node_of = (event) => {
    const group = event.target.closest?.("g[data-node]");
    return group ? Number(group.dataset.node) : -1;
  };
  picture.addEventListener("pointermove", (event) => { const node = node_of(event); if (node >= 0) tell(node); });
  picture.addEventListener("click", (event) => { const node = node_of(event); if (node >= 0) zoomTo(node); });

  search.addEventListener("input", () => {
    hits = search.value ? tree.search(matcher(search.value), side) : null;
    const all = tree.total[side][0];
    found.textContent = hits ? `${whole(hits.frames)} frames, ${percent(all ? hits.weight / all : 0)} of all` : "";
    draw();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; search.dispatchEvent(new Event("input")); place.focus(); event.preventDefault(); }
  });
  const drawn = (node) => placed[tree.depth[node]]?.includes(node);
  place.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const beside = (step) => {
      const row = placed[tree.depth[focus]] ?? [];
      return row[row.indexOf(focus) + step] ?? focus;
    };
    switch (event.key) {
      case "ArrowUp": focusOn(Math.max(tree.parent[focus], 0)); break;
      case "ArrowDown": {
        const below = tree.children[focus].filter(drawn).sort((a, b) => tree.total[side][b] - tree.total[side][a]);
        focusOn(below[0] ?? focus);
        break;
      }
      case "ArrowLeft": focusOn(beside(-1)); break;
      case "ArrowRight": focusOn(beside(1)); break;
      case "Home": focusOn(0); break;
      case "Enter": case " ": zoomTo(focus); break;
      case "Escape": zoomTo(0); break;
      case "/": search.focus(); search.select(); break;
      default: return;
    }
    event.preventDefault();
  });
  new ResizeObserver(draw).observe(place);
  onRedraw(draw);
  draw();
}
