import { expect, test } from 'vitest';
import type { KindRow } from '../../bridge/generated';
import { EXAMPLE, linesOf, millis, stepsOf, turning } from './script';

test('seconds become milliseconds, or nothing', () => {
  expect([millis('0'), millis(' 1,5 '), millis('0.001'), millis('86400')]).toEqual([0, 1500, 1, 86_400_000]);
  for (const text of ['', '-1', '1e3', 'x', '0.0001', '86400.001']) expect(millis(text), text).toBeUndefined();
});

test('a scene is complete or not, and in order of time', () => {
  const steps = [{ after: 0, thing: 'a', command: 'on' }, { after: 1500, thing: 'b', command: 'off' }]; // prettier-ignore
  expect(stepsOf(linesOf(steps).reverse())).toEqual(steps);
  expect(stepsOf([])).toBeUndefined();
  expect(stepsOf([{ seconds: '1', thing: '', command: 'on' }])).toBeUndefined();
});

test('the switch finds its command by what it says, not by its name', () => {
  const kind = { ...(JSON.parse(EXAMPLE) as KindRow), commands: { go: { relay: true, level: 3 }, rest: { relay: false }, blink: { mode: 1 } } };
  expect([turning(kind, false), turning(kind, true), turning(kind, null)]).toEqual(['go', 'rest', 'go']);
  expect([turning({ ...kind, state: null }, true), turning({ ...kind, commands: {} }, true), turning(undefined, true)]).toEqual([undefined, undefined, undefined]);
});
