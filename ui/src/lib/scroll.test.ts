import { expect, test } from 'vitest';
import { barAt, HIGHEST, inView, lowest, moved, revealing, ROW, spacer } from './scroll';

const small = { rows: 100, view: 280 };
const huge = { rows: 10_000_000, view: 600 };

test('a short table scrolls as it is', () => {
  expect(spacer(small)).toBe(2800);
  expect(moved(small, { top: 0, bar: 0 }, 1234)).toEqual({ top: 1234, bar: 1234 });
  expect(inView(small, 0)).toEqual({ first: 0, count: 13 });
  expect(inView(small, lowest(small))).toEqual({ first: 89, count: 11 });
});

test('no rows, no window', () => expect(inView({ rows: 0, view: 600 }, 0)).toEqual({ first: 0, count: 0 }));

test('a long table is not higher than a browser can take', () => expect(spacer(huge)).toBe(HIGHEST));

test('the wheel moves by true pixels in a long table', () => {
  const from = { top: 1_000_000, bar: barAt(huge, 1_000_000) };
  expect(moved(huge, from, from.bar + 84).top).toBe(1_000_084);
});

test('the ends of the bar are the ends of the table', () => {
  const end = barAt(huge, lowest(huge));
  expect(moved(huge, { top: 5, bar: 5 }, end).top).toBe(lowest(huge));
  expect(moved(huge, { top: 1000, bar: 3 }, 0).top).toBe(0);
  const { first, count } = inView(huge, lowest(huge));
  expect(first + count).toBe(huge.rows);
});

test('dragging the bar half way shows the middle', () => {
  const { top } = moved(huge, { top: 0, bar: 0 }, (HIGHEST - huge.view) / 2);
  expect(Math.round(top / ROW)).toBe(Math.round((huge.rows - huge.view / ROW) / 2));
});

test('a row is brought into view by the shortest way', () => {
  expect(revealing(small, 0, 5)).toBe(0); // already there
  expect(revealing(small, 0, 10)).toBe(28);
  expect(revealing(small, 1400, 3)).toBe(84);
  expect(revealing(huge, 0, 9_999_999)).toBe(lowest(huge));
});
