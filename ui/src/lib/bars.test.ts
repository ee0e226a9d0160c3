import { expect, test } from 'vitest';
import { brushed, roof, spanOf, stacked, within, zoomed } from './bars';

const buckets = {
  start_ms: 1000,
  step_ms: 10,
  series: [
    { kind: 'dns', counts: [3, 0, 1] },
    { kind: 'tls', counts: [1, 2, 0] },
  ],
};

test('bars stand on each other', () => {
  expect(stacked(buckets)).toEqual({
    bars: [
      { kind: 'dns', bucket: 0, base: 0, count: 3 },
      { kind: 'dns', bucket: 2, base: 0, count: 1 },
      { kind: 'tls', bucket: 0, base: 3, count: 1 },
      { kind: 'tls', bucket: 1, base: 0, count: 2 },
    ],
    most: 4,
  });
  expect(spanOf(buckets)).toEqual({ from: 1000, to: 1030 });
  expect(stacked({ ...buckets, series: [] })).toEqual({ bars: [], most: 0 });
});

test.each([
  [0, 1],
  [1, 1],
  [4, 4],
  [10, 10],
  [11, 15],
  [501, 600],
  [2100, 2500],
])('the axis for %d ends at %d', (most, top) => expect(roof(most)).toBe(top));

test('zooming keeps what is under the pointer where it is', () => {
  const all = { from: 0, to: 1000 };
  expect(zoomed(all, all, 500, 0.5)).toEqual({ from: 250, to: 750 });
  expect(zoomed(all, all, 0, 0.5)).toEqual({ from: 0, to: 500 });
  expect(zoomed({ from: 250, to: 750 }, all, 500, 4)).toEqual(all); // not beyond what there is
  expect(zoomed({ from: 10, to: 11 }, all, 10, 0.01)).toEqual({ from: 10, to: 11 }); // nor below a millisecond
});

test('a span is moved into bounds, not cut', () => {
  expect(within({ from: -50, to: 50 }, { from: 0, to: 1000 })).toEqual({ from: 0, to: 100 });
  expect(within({ from: 980, to: 1080 }, { from: 0, to: 1000 })).toEqual({ from: 900, to: 1000 });
});

test('a brush covers whole buckets, whichever way it is drawn', () => {
  expect(brushed(buckets, 1012, 1025)).toEqual({ from: 1010, to: 1030 });
  expect(brushed(buckets, 1025, 1012)).toEqual({ from: 1010, to: 1030 });
  expect(brushed(buckets, 1015, 1015)).toEqual({ from: 1010, to: 1020 });
});
