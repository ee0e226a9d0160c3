import { expect, test } from 'vitest';
import { isFlag, lineThrough, nearest, numbersIn, pretty, reach, scaled, ticks } from './figures';

test('numbers are found in JSON objects, and nowhere else', () => {
  const cases: [string, [string, number][]][] = [
    ['{"power":true,"level":12.5,"name":"x","deep":{"n":1}}', [['power', 1], ['level', 12.5]]],
    ['[1,2]', []],
    ['7', []],
    ['null', []],
    ['{"level":12', []],
    ['', []],
  ]; // prettier-ignore
  for (const [text, found] of cases) expect([...numbersIn(text)], text).toEqual(found);
});

test('JSON is laid out, other text is left alone', () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty('hello {')).toBe('hello {');
});

test('ticks are round and inside', () => {
  expect(ticks([0, 100])).toEqual([0, 50, 100]);
  expect(ticks([19.2, 23.1])).toEqual([20, 22]);
  expect(ticks([-0.003, 0.004])).toEqual([0]);
  expect(ticks([0, 1], 2)).toEqual([0, 0.5, 1]);
  expect(ticks([5, 5])).toEqual([5]);
  expect(ticks([0, Infinity])).toEqual([0]);
});

test('points fill their box, and one value alone lies in its middle', () => {
  const box = { left: 10, top: 0, width: 100, height: 20 };
  expect(scaled([[0, 0], [50, 10], [100, 5]], box)).toEqual([{ x: 10, y: 20 }, { x: 60, y: 0 }, { x: 110, y: 10 }]); // prettier-ignore
  expect(scaled([[5, 7]], box)).toEqual([{ x: 10, y: 10 }]);
  expect(reach([])).toEqual([0, 1]);
  expect(lineThrough([{ x: 0, y: 1 }, { x: 5, y: 9 }], false)).toBe('M0 1L5 9');
  expect(lineThrough([{ x: 0, y: 1 }, { x: 5, y: 9 }], true)).toBe('M0 1H5V9');
  expect([isFlag([[0, 1], [1, 0]]), isFlag([[0, 2]]), isFlag([])]).toEqual([true, false, false]); // prettier-ignore
  expect([nearest([{ x: 0 }, { x: 10 }, { x: 30 }], 21), nearest([], 3)]).toEqual([2, 0]);
});
