import { expect, test } from 'vitest';
import { countries, headings, HEIGHT, layout, WIDTH, width } from './layout';

const node = (id: string, role: 'router' | 'hub' | 'leaf' | 'outside', bytes = 1000) => ({ id, name: '', role, bytes, place: null });

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
test('what is outside stands by its country, those with the most bytes first, what is nowhere last', () => {
  const at = (id: string, code: string, country: string, bytes: number) => ({ ...node(id, 'outside', bytes), place: { code, country, organisation: '', as_number: null, by: [] } });
  const nodes = [node('r', 'router'), node('x', 'outside', 9000), at('a', 'DE', 'Germany', 500), at('b', 'NL', 'The Netherlands', 700), at('c', 'DE', 'Germany', 400)];
  expect(countries(nodes).map(({ code, nodes }) => [code, ...nodes.map(({ id }) => id)])).toEqual([['DE', 'a', 'c'], ['NL', 'b'], ['', 'x']]);
  const lines = [...layout(nodes).slice(1).map(({ node, y }) => ({ at: node.id, y })), ...headings(nodes).map(({ name, y }) => ({ at: name, y }))];
  expect(lines.sort((a, b) => a.y - b.y).map(({ at }) => at)).toEqual(['Germany', 'a', 'c', 'The Netherlands', 'b', '', 'x']);
  // Where nobody is known to be anywhere, and where there is no room, there are none.
  expect(headings([node('x', 'outside')])).toEqual([]);
  expect(headings(Array.from({ length: 40 }, (_, n) => at(`o${n}`, String(n % 9), String(n % 9), n)))).toEqual([]);
  expect(layout(Array.from({ length: 40 }, (_, n) => at(`o${n}`, String(n % 9), String(n % 9), n))).length).toBe(40);
});
