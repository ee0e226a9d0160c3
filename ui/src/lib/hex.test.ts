import { expect, test } from 'vitest';
import { asAscii, covers, fromHex, innermost, offsetDigits, onLine, toHex } from './hex';

test('hex there and back', () => {
  expect([...fromHex('00ff7a')]).toEqual([0, 255, 122]);
  expect([...fromHex('00f')]).toEqual([0]);
  expect([...fromHex('00zz11')]).toEqual([0]);
  expect(toHex(fromHex('0badc0de'))).toBe('0badc0de');
});

test.each([
  [0x41, 'A'],
  [0x20, ' '],
  [0x1f, '·'],
  [0x7f, '·'],
  [0xe9, '·'],
])('%d reads %s', (byte, text) => expect(asAscii(byte)).toBe(text));

test('a range has a part on each line that it crosses', () => {
  const range = { start: 14, end: 34 };
  expect(onLine(range, 0)).toEqual({ start: 14, end: 16 });
  expect(onLine(range, 16)).toEqual({ start: 0, end: 16 });
  expect(onLine(range, 32)).toEqual({ start: 0, end: 2 });
  expect(onLine(range, 48)).toBeUndefined();
  expect(onLine({ start: 5, end: 5 }, 0)).toBeUndefined(); // an empty range covers nothing
  expect(covers(range, 34)).toBe(false);
});

test('a byte belongs to the innermost field', () => {
  const nodes = [
    { start: 0, end: 60, source: 0, depth: 0 },
    { start: 14, end: 34, source: 0, depth: 0 },
    { start: 14, end: 15, source: 0, depth: 1 },
    { start: 14, end: 15, source: 0, depth: 2 }, // a flag within the same byte
    { start: 0, end: 20, source: 1, depth: 0 },
  ];
  expect(innermost(nodes, 0, 14)).toBe(3);
  expect(innermost(nodes, 0, 20)).toBe(1);
  expect(innermost(nodes, 1, 14)).toBe(4);
  expect(innermost(nodes, 0, 99)).toBeUndefined();
});

test.each([
  [0, 4],
  [65_536, 4],
  [65_537, 5],
])('%d bytes need offsets of %d digits', (length, digits) => expect(offsetDigits(length)).toBe(digits));
