// SPDX-License-Identifier: BSD-2-Clause
// What a script adds to tables that are complete without it: rows found by a word, order by a column, copies.
import { element } from "./common.js";

const FILTER_FROM = 12;

const text = (cell) => cell.textContent;

// Numbers by their size, however long; buckets by their lower bound; all else as text.
function compare(a, b) {
  const x = text(a), y = text(b);
  if (/^\d+$/.test(x) && /^\d+$/.test(y)) {
    const big = BigInt(x) - BigInt(y);
    return big < 0n ? -1 : big > 0n ? 1 : 0;
  }
  const p = parseFloat(x.replace(/^> /, "")), q = parseFloat(y.replace(/^> /, ""));
  if (a.classList.contains("n") && !Number.isNaN(p) && !Number.isNaN(q)) return p - q;
  return x < y ? -1 : x > y ? 1 : 0;
}

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = element("button", { type: "button", class: "sort" });
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") !== "descending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}

function filterable(table, place) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < FILTER_FROM) return;
  const input = element("input", { type: "search", placeholder: "Find rows", "aria-label": "Find rows", spellcheck: "false" });
  const found = element("output", {});
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = wanted !== "" && !text(row).toLowerCase().includes(wanted);
      shown += !row.hidden;
    }
    found.textContent = wanted ? `${shown} of ${rows.length}` : "";
  });
  place.append(input, found);
}

// By way of a selection: a page from a file may have no other way to the clipboard.
function copyable(table, place) {
  const button = element("button", { type: "button" }, "Copy");
  button.addEventListener("click", () => {
    const lines = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(text).join("\t"));
    const area = element("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = lines.join("\n") + "\n";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    button.textContent = done ? "Copied" : "Cannot copy";
    button.focus();
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  place.append(button);
}

export function improveTables() {
  for (const details of document.querySelectorAll("details.table")) {
    const table = details.querySelector("table");
    const bar = element("div", { class: "bar" });
    filterable(table, bar);
    copyable(table, bar);
    sortable(table);
    details.insertBefore(bar, details.querySelector(".scroll"));
  }
}
