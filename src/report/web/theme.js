// SPDX-License-Identifier: BSD-2-Clause
// Light or dark: as the system has it, until the button says otherwise. Paper is always light.
import { element, redrawAll } from "./common.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

export const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

export function addThemeButton(place) {
  const button = element("button", { type: "button", id: "theme", onclick: () => set(isDark() ? "light" : "dark") });
  const tell = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
  };
  const set = (theme) => {
    root.dataset.theme = theme;
    tell();
    redrawAll();
  };
  system.addEventListener("change", () => {
    tell();
    redrawAll();
  });
  place.append(button);
  tell();

  let before = null;
  addEventListener("beforeprint", () => {
    before = { theme: root.dataset.theme, closed: [...document.querySelectorAll("details:not([open])")] };
    for (const details of before.closed) details.open = true;
    set("light");
  });
  addEventListener("afterprint", () => {
    if (!before) return;
    for (const details of before.closed) details.open = false;
    if (before.theme) root.dataset.theme = before.theme;
    else delete root.dataset.theme;
    before = null;
    tell();
    redrawAll();
  });
}
