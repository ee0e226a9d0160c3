//! A frame's fields as a tree that can be folded.

export interface Shown<T> {
  node: T;
  index: number;
  /** undefined: nothing lies under it. */
  open: boolean | undefined;
}

/** The fields that are to be seen: those under a folded one are left out. */
export function visible<T extends { depth: number }>(nodes: readonly T[], isOpen: (node: T, index: number) => boolean): Shown<T>[] {
  const shown: Shown<T>[] = [];
  let hiddenBelow = Infinity;
  nodes.forEach((node, index) => {
    if (node.depth > hiddenBelow) return;
    hiddenBelow = Infinity;
    const parent = (nodes[index + 1]?.depth ?? 0) > node.depth;
    const open = parent ? isOpen(node, index) : undefined;
    if (open === false) hiddenBelow = node.depth;
    shown.push({ node, index, open });
  });
  return shown;
}

/** Those that a field lies under, nearest first. */
export function parentsOf<T extends { depth: number }>(nodes: readonly T[], index: number): number[] {
  const parents: number[] = [];
  let depth = nodes[index]?.depth ?? 0;
  for (let at = index - 1; at >= 0 && depth > 0; at--) {
    const above = nodes[at]?.depth ?? 0;
    if (above >= depth) continue;
    parents.push(at);
    depth = above;
  }
  return parents;
}
