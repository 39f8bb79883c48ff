// SPDX-License-Identifier: BSD-2-Clause
// Draws the charts of a report out of the data that lies beside its tables. What fails leaves the tables as they are.
import { element } from "./common.js";
import { drawFlame } from "./flame.js";
import { drawHeat } from "./heat.js";
import { drawPercentiles } from "./percentiles.js";
import { TimeGroup } from "./plot.js";
import { drawShares } from "./shares.js";
import { improveTables } from "./tables.js";
import { addThemeButton } from "./theme.js";

addThemeButton(document.getElementById("actions"));

for (const section of document.querySelectorAll("section[data-kind]")) {
  const source = section.querySelector("script.data");
  if (!source) continue;
  const chart = (name) => section.querySelector(`figure[data-chart="${name}"]`);
  try {
    const data = JSON.parse(source.textContent);
    if (section.dataset.kind === "hist" && data.rows.length) {
      const group = new TimeGroup(data.columns);
      drawHeat(chart("heat"), data, group);
      drawPercentiles(chart("percentiles"), data, group);
    } else if (section.dataset.kind === "hist") {
      for (const name of ["heat", "percentiles"]) chart(name).append(element("p", { class: "readout" }, "No value was counted."));
    } else if (section.dataset.kind === "diff" && data.rows.length) drawShares(chart("shares"), data);
    else if (section.dataset.kind === "stacks") drawFlame(chart("flame"), data);
  } catch (error) {
    section.prepend(element("p", { class: "loss" }, `A chart could not be drawn (${error.message}); its numbers are in the tables.`));
    console.error(error);
  }
}
improveTables();
document.documentElement.dataset.ready = "yes";
