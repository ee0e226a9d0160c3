import { expect, test } from 'vitest';
import { arranged, fitted, hiddenOf, placed, shifted } from './columns';
import type { Column, Row } from './types';

const columns: Column[] = ['ts', 'kind', 'query', 'run'].map((name) => ({ name, about: '', shape: 'text', sortable: true }));
const namesOf = (list: Column[]) => list.map((column) => column.name);

test('a column that a kept layout does not know stands where the workstation puts it', () => {
  const layout = { order: ['query', 'ts', 'gone'], hidden: [], widths: {} };
  expect(namesOf(arranged(columns, layout))).toEqual(['query', 'kind', 'ts', 'run']);
  expect(arranged(columns, undefined)).toBe(columns);
});

test('quiet columns are hidden until asked for', () => {
  const quiet = (name: string) => name === 'run';
  expect(hiddenOf(columns, undefined, quiet)).toEqual(['run']);
  expect(hiddenOf(columns, { order: ['ts', 'query'], hidden: ['query'], widths: {} }, quiet)).toEqual(['query', 'run']);
  expect(hiddenOf(columns, { order: ['ts', 'kind', 'query', 'run'], hidden: ['query'], widths: {} }, quiet)).toEqual(['query']);
});

test('moving', () => {
  const order = ['a', 'b', 'c', 'd'];
  expect(shifted(order, ['a', 'c', 'd'], 'a', 1)).toEqual(['b', 'c', 'a', 'd']); // b is hidden
  expect(shifted(order, order, 'd', -1)).toEqual(['a', 'b', 'd', 'c']);
  expect(shifted(order, order, 'd', 1)).toBe(order);
  expect(placed(order, 'a', 'd', false)).toEqual(['b', 'c', 'a', 'd']);
});

test('a width fits what is there, within bounds', () => {
  const rows = [{ ts: 'x'.repeat(20), query: 'y'.repeat(500) }];
  const cell = (row: Row, { name }: Column) => 7 * String(row[name] ?? '').length;
  const widths = fitted(columns, rows, { cell, head: ({ name }) => 7 * name.length });
  expect(widths).toEqual({ ts: 160, kind: 64, query: 340, run: 57 });
});
