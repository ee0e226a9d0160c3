//! Which columns a table shows, how wide, in which order.

import type { Column, Row } from './types';

export interface Layout {
  order: string[];
  hidden: string[];
  widths: Record<string, number>;
}

/** Columns in the analyst's order; new ones, which no layout knows, where the workstation put them. */
export function arranged(columns: Column[], layout: Layout | undefined): Column[] {
  if (!layout || layout.order.length === 0) return columns;
  const known = layout.order.map((name) => columns.find((column) => column.name === name)).filter((column) => column !== undefined);
  columns.forEach((column, at) => {
    if (!known.includes(column)) known.splice(Math.min(at, known.length), 0, column);
  });
  return known;
}

/** Names of the columns that are not shown: those that the analyst has hidden, and the `quiet` ones of which nothing was said. */
export const hiddenOf = (columns: Column[], layout: Layout | undefined, quiet: (name: string) => boolean): string[] =>
  columns.map((column) => column.name).filter((name) => (layout?.order.includes(name) ? layout.hidden.includes(name) : quiet(name)));

/** Beside the text: the cell's padding. In a head also the sign of sorting. */
const PAD = 20;
const SIGN = 16;

/** Widths that fit the heads and what the rows say (`wide`, in pixels); bounded, so that one long value does not push the others away. */
export function fitted(
  columns: Column[],
  rows: Row[],
  wide: { cell: (row: Row, column: Column) => number; head: (column: Column) => number },
): Record<string, number> {
  return Object.fromEntries(
    columns.map((column) => {
      const most = rows.reduce((widest, row) => Math.max(widest, wide.cell(row, column)), 0);
      return [column.name, Math.ceil(Math.min(340, Math.max(wide.head(column) + PAD + SIGN, most + PAD)))];
    }),
  );
}

/** Column `name` moved by so many places among the visible ones. */
export function shifted(order: string[], visible: string[], name: string, by: number): string[] {
  const at = visible.indexOf(name);
  const other = visible[at + by];
  if (at < 0 || other === undefined) return order;
  return placed(order, name, other, by > 0);
}

/** Column `name` put before, or after, another. */
export function placed(order: string[], name: string, other: string, after: boolean): string[] {
  const rest = order.filter((one) => one !== name);
  rest.splice(rest.indexOf(other) + (after ? 1 : 0), 0, name);
  return rest;
}
