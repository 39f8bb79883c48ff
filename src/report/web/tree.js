// SPDX-License-Identifier: BSD-2-Clause
// The tree of a flame graph, out of the rows that a page holds; and what is found in it.

export class Tree {
  // nodes: name, kind, number of children, own weight (and that of the second side), in preorder.
  constructor({ nodes, names, sides }) {
    const stride = sides ? 5 : 4, count = nodes.length / stride;
    this.names = names;
    this.name = new Int32Array(count);
    this.kind = new Uint8Array(count);
    this.parent = new Int32Array(count).fill(-1);
    this.depth = new Int32Array(count);
    this.children = Array.from({ length: count }, () => []);
    this.self = [new Float64Array(count), new Float64Array(count)];
    const open = []; // nodes whose children are still to come, and how many
    for (let i = 0; i < count; i++) {
      const at = i * stride;
      this.name[i] = nodes[at];
      this.kind[i] = nodes[at + 1];
      this.self[0][i] = Number(nodes[at + 3]);
      this.self[1][i] = sides ? Number(nodes[at + 4]) : 0;
      if (open.length) {
        const above = open[open.length - 1];
        this.parent[i] = above.node;
        this.depth[i] = this.depth[above.node] + 1;
        this.children[above.node].push(i);
        if (--above.left === 0) open.pop();
      }
      if (nodes[at + 2]) open.push({ node: i, left: nodes[at + 2] });
    }
    this.total = [this.self[0].slice(), this.self[1].slice()];
    for (let i = count - 1; i > 0; i--) for (const side of [0, 1]) this.total[side][this.parent[i]] += this.total[side][i];
    const byName = (a, b) => (names[this.name[a]] < names[this.name[b]] ? -1 : 1);
    for (const children of this.children) children.sort(byName);
  }
  nameOf(node) { return this.names[this.name[node]]; }
  share(node, side) { return this.total[side][0] ? this.total[side][node] / this.total[side][0] : 0; }
  isBelow(node, above) {
    while (node > above) node = this.parent[node];
    return node === above;
  }
  path(node) {
    const names = [];
    for (let at = node; at > 0; at = this.parent[at]) names.unshift(this.nameOf(at));
    return names;
  }
  // Names that match, and the weight of all stacks with one of them in it, each once.
  search(matches, side) {
    const found = new Uint8Array(this.names.length);
    this.names.forEach((name, i) => { found[i] = matches(name) ? 1 : 0; });
    let weight = 0, frames = 0;
    const inside = new Uint8Array(this.name.length);
    for (let i = 1; i < this.name.length; i++) {
      const here = found[this.name[i]];
      inside[i] = here || inside[this.parent[i]];
      if (!here) continue;
      frames++;
      if (!inside[this.parent[i]]) weight += this.total[side][i];
    }
    return { found, weight, frames };
  }
}
