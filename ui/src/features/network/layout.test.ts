import { expect, test } from 'vitest';
import { HEIGHT, layout, WIDTH, width } from './layout';

const node = (id: string, role: 'router' | 'hub' | 'leaf' | 'outside', bytes = 1000) => ({ id, name: '', role, bytes });

test('everything has a place of its own, within the drawing', () => {
  const nodes = [node('r', 'router'), ...Array.from({ length: 8 }, (_, n) => node(`h${n}`, 'hub')), ...Array.from({ length: 51 }, (_, n) => node(`l${n}`, 'leaf')), ...Array.from({ length: 40 }, (_, n) => node(`o${n}`, 'outside'))];
  const placed = layout(nodes);
  expect(placed.length).toBe(nodes.length);
  expect(new Set(placed.map(({ x, y }) => `${x.toFixed()} ${y.toFixed()}`)).size).toBe(nodes.length);
  for (const { x, y, r } of placed) expect(x - r >= 0 && x + r <= WIDTH && y - r >= 0 && y + r <= HEIGHT).toBe(true);
});
test('the same map is drawn in the same way', () => {
  const [a, b] = [node('a', 'leaf'), node('b', 'leaf')];
  expect(layout([a, b])).toEqual(layout([b, a]));
});
test('links grow with bytes, within bounds', () => {
  expect(width(0)).toBe(0.75);
  expect(width(1e12)).toBe(6);
  expect(width(1e6)).toBeGreaterThan(width(1e4));
});
