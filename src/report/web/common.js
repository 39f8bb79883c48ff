// SPDX-License-Identifier: BSD-2-Clause
// What all charts use: elements, colours of the theme, numbers, times and units as people read them.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Charts that draw themselves again when the theme or the width changes.
const redraws = new Set();
export const onRedraw = (draw) => redraws.add(draw);
export const redrawAll = () => redraws.forEach((draw) => draw());

// A whole number with separators; one above 2^53 comes as a string and stays exact.
export const whole = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, " ");

// About three digits: "0.0412", "4.12", "412", "41 200".
export function about(value) {
  if (value === 0) return "0";
  if (value >= 1e15) return value.toExponential(2);
  if (value >= 1000) return whole(Math.round(Number(value.toPrecision(3))));
  return String(Number(value.toPrecision(3)));
}

export const percent = (share) => (share * 100).toFixed(share > 0 && share < 0.001 ? 4 : 2) + " %";

const TIMES = [["ns", 1], ["us", 1e3], ["ms", 1e6], ["s", 1e9], ["min", 6e10], ["h", 3.6e12]];
const SIZES = [["B", 1], ["KiB", 1024], ["MiB", 1024 ** 2], ["GiB", 1024 ** 3], ["TiB", 1024 ** 4]];

// A value in units of scale base units (ns, bytes).
export function quantity(value, base, scale) {
  const steps = base === "time" ? TIMES : base === "bytes" ? SIZES : [["", 1]];
  const all = value * scale;
  let [name, size] = steps[0];
  for (const step of steps) if (all >= step[1]) [name, size] = step;
  return about(all / size) + (name ? " " + name : "");
}

// Marks of a logarithmic axis between two values: powers of ten, or of two for bytes, at most so many.
export function marks(least, most, data, many) {
  const base = data.base === "bytes" ? 2 : 10;
  const log = (value) => Math.log(value * data.scale) / Math.log(base);
  const first = Math.ceil(log(least) - 1e-9), last = Math.floor(log(most) + 1e-9);
  const found = [];
  const step = Math.max(1, Math.ceil((last - first + 1) / many));
  for (let power = first; power <= last; power += step) found.push(base ** power / data.scale);
  return found;
}

const pad = (value, digits = 2) => String(value).padStart(digits, "0");
export const day = (date) => `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;

export function clock(date, step) {
  let text = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  if (step < 60) text += ":" + pad(date.getUTCSeconds());
  if (step < 1) text += "." + pad(date.getUTCMilliseconds(), 3);
  return text;
}

// Seconds since 1970: "2026-11-20 14:05:09.250"
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  return `${day(date)} ${clock(date, date.getUTCMilliseconds() ? 0.5 : 1)}`;
}

// Both bounds of a bucket, included; the upper one null above the limit.
export function bucket([low, high], unit) {
  const text = high === null ? `> ${whole(low - 1)}` : String(low) === String(high) ? whole(low) : `${whole(low)} .. ${whole(high)}`;
  return unit ? `${text} ${unit}` : text;
}

// Where a bucket begins and ends on a logarithmic axis: just above the one before, which includes its upper bound.
export function edges([low, high]) {
  const from = Number(low) > 1 ? Number(low) - 1 : 0.5;
  return [from, high === null ? from * 2 : Number(high)];
}
