import { expect, test } from 'vitest';
import { elapsed, limitOf, lost, lostShare, spark, towards } from './figures';

test('time runs until the end, or until now', () => {
  const started = '2026-03-14T17:42:00.500000000Z';
  const now = Date.parse('2026-03-14T17:43:00.500Z');
  expect(elapsed({ started, ended: null }, now)).toBe(60);
  expect(elapsed({ started, ended: '2026-03-14T17:42:01.500000000Z' }, now)).toBe(1);
  expect(elapsed({ started, ended: null }, 0)).toBe(0);
  expect(elapsed({ started: '', ended: null }, now)).toBe(0);
});

test('what was lost is known, or not', () => {
  expect(lost({ dropped: null, if_dropped: null })).toBeUndefined();
  expect(lost({ dropped: 2, if_dropped: null })).toBe(2);
  expect(lost({ dropped: 2, if_dropped: 3 })).toBe(5);
  expect([lostShare(1, 1_000_000), lostShare(3, 997), lostShare(1, 3)]).toEqual(['<\u202f0.1', '0.3', '25']);
});

test('the nearest limit counts', () => {
  const limits = { seconds: 100, packets: 1000, bytes: null };
  expect(towards({ limits, packets: 800, bytes: 5 }, 50)).toBe(0.8);
  expect(towards({ limits, packets: 80, bytes: 5 }, 500)).toBe(1);
  expect(towards({ limits: { seconds: null, packets: null, bytes: null }, packets: 1, bytes: 1 }, 1)).toBeUndefined();
});

test('a small chart ends at the right and stays in its box', () => {
  expect(spark([0, 5, 10], 118, 22)).toBe('114,21 116,11 118,1');
  expect(spark([0, 0], 118, 22)).toBe('116,21 118,21');
  expect(spark([], 118, 22)).toBe('');
  expect(spark(Array.from({ length: 90 }, () => 1), 118, 22).split(' ')).toHaveLength(60);
});

test('limits are numbers from 1 on, or none', () => {
  expect([limitOf(''), limitOf(' 12 '), limitOf('1\u202f000'), limitOf('1.5', 60), limitOf('0,5', 1e6)]).toEqual([null, 12, 1000, 90, 500_000]);
  expect([limitOf('0'), limitOf('-1'), limitOf('x'), limitOf('1e999')]).toEqual([undefined, undefined, undefined, undefined]);
});
