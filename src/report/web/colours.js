// SPDX-License-Identifier: BSD-2-Clause
// Colours that are told apart also by those who see few of them, and by a printer: lightness grows with the value.

// Between these, from least to most: dark violet, blue, green, yellow (as the viridis map has them).
const SCALE = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];

export function scaleColour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (SCALE.length - 1);
  const low = Math.min(Math.floor(at), SCALE.length - 2), part = at - low;
  return "rgb(" + SCALE[low].map((from, i) => Math.round(from + (SCALE[low + 1][i] - from) * part)).join(",") + ")";
}

// More on B is orange, less is blue, the same is grey; -1..1.
export function changeColour(change, dark) {
  const size = Math.min(Math.abs(change), 1) ** 0.6;
  const middle = dark ? 64 : 86;
  const far = dark ? 56 : 58;
  return `hsl(${change > 0 ? 22 : 212} ${Math.round(size * 85)}% ${Math.round(middle + (far - middle) * size)}%)`;
}

// Of a name, always the same: warm for a process, cool for the kernel, grey for what is neither.
export function frameColour(name, kind, dark) {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  const spread = (Math.abs(hash) % 1000) / 1000;
  const light = dark ? 50 + spread * 12 : 66 + spread * 12;
  if (kind === 2) return `hsl(${195 + spread * 30} ${dark ? 38 : 52}% ${light}%)`;
  if (kind === 1) return `hsl(${18 + spread * 30} ${dark ? 50 : 78}% ${light}%)`;
  return `hsl(220 8% ${dark ? 54 + spread * 6 : 78 + spread * 6}%)`;
}
