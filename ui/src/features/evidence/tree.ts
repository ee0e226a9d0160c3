//! Items and what is inside them, as a tree in one list.

import type { Row } from '../../bridge';

export interface Node {
  row: Row;
  level: number;
  /** Whether its members are shown; undefined: it has none. */
  open: boolean | undefined;
}

/** Rows in the order of a tree: members under their container, folded ones left out. A member whose container is not there stands at the top. */
export function treeOf(rows: Row[], folded: ReadonlySet<string>): Node[] {
  const known = new Map(rows.flatMap((row) => [[String(row.sha256), row] as const, [String(row._id), row] as const]));
  const inside = new Map<Row | undefined, Row[]>();
  for (const row of rows) {
    const within = row._parent ?? row.parent ?? '';
    const parent = within === '' ? undefined : known.get(String(within));
    const under = parent === row ? undefined : parent;
    const list = inside.get(under);
    if (list) list.push(row);
    else inside.set(under, [row]);
  }
  const nodes: Node[] = [];
  const rest = [...(inside.get(undefined) ?? [])].reverse().map((row) => ({ row, level: 1 }));
  for (let next = rest.pop(); next; next = rest.pop()) {
    const members = inside.get(next.row) ?? [];
    const open = members.length > 0 ? !folded.has(String(next.row._id)) : undefined;
    nodes.push({ ...next, open });
    const level = next.level + 1;
    if (open) rest.push(...[...members].reverse().map((row) => ({ row, level })));
  }
  return nodes;
}
