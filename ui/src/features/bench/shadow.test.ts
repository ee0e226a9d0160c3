import { expect, test } from 'vitest';
import { changes, delta, halves, patch, read, type Member } from './shadow';

test('the delta is what is desired and not so', () => {
  const cases: [Member, Member, Member][] = [
    [{ power: true }, { power: false }, { power: true }],
    [{ power: true }, { power: true, level: 3 }, {}],
    [{ power: true }, {}, { power: true }],
    [{ colour: { red: 1, blue: 2 } }, { colour: { red: 1, blue: 3 } }, { colour: { blue: 2 } }],
    [{ list: [1, { a: 2 }] }, { list: [1, { a: 2 }] }, {}],
    [{ list: [1, 2] }, { list: [2, 1] }, { list: [1, 2] }],
    [{ colour: { red: 1 } }, { colour: 'red' }, { colour: { red: 1 } }],
  ];
  for (const [desired, reported, found] of cases) expect(delta(desired, reported)).toEqual(found);
});

test('what is sent changes, adds and takes away, and nothing else', () => {
  expect(patch({ a: 1, b: 2, c: { d: 3, e: 4 } }, { a: 1, b: 5, c: { d: 3 }, f: null })).toEqual({ b: 5, c: { e: null }, f: null });
  expect(patch({ a: [1] }, { a: [1] })).toEqual({});
  expect(patch({}, { a: {} })).toEqual({ a: {} });
});

test('changes name their place, and what was there is told from nothing', () => {
  expect(changes({ desired: { a: 1, b: 2 } }, { desired: { a: 1, b: 3, c: null }, reported: {} })).toEqual([
    { path: 'desired.b', before: 2, after: 3 },
    { path: 'desired.c', after: null },
    { path: 'reported', after: {} },
  ]);
  expect(changes({ a: 1 }, {})).toEqual([{ path: 'a', before: 1 }]);
});

test('a member may have any name', () => {
  const odd = JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":{"b":3}}') as Member;
  const text = JSON.stringify(odd);
  expect(JSON.stringify(delta(odd, {}))).toBe(text);
  expect(JSON.stringify(patch({}, odd))).toBe(text);
  expect(changes({}, odd).map(({ path, before }) => [path, before])).toEqual([['__proto__', undefined], ['constructor', undefined], ['toString', undefined]]); // prettier-ignore
  expect([delta(odd, odd), patch(odd, odd), changes(odd, odd)]).toEqual([{}, {}, []]);
});

test('only an object is a state', () => {
  expect(read('{"a":1}')).toEqual({ state: { a: 1 } });
  for (const text of ['[1]', '1', 'null']) expect(read(text)).toEqual({ problem: '' });
  expect((read('{"a":') as { problem: string }).problem).not.toBe('');
  expect(halves(null)).toEqual({ desired: {}, reported: {}, metadata: {} });
  expect(halves({ state: { desired: { a: 1 }, reported: 'x' } })).toEqual({ desired: { a: 1 }, reported: {}, metadata: {} });
});
