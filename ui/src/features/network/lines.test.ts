import { expect, test } from 'vitest';
import { find, linesOf, textOf, wantedBytes, WIDEST, type Part } from './lines';

const part = (text: string): Part => ({ from_orig: true, frame: 1, at: 0, missing: 0, bytes: new TextEncoder().encode(text) });
const lines = (text: string) => linesOf(part(text), 'text').map(textOf);

test('text breaks at its own lines', () => {
  expect(lines('GET / HTTP/1.1\r\nHost: a\r\n\r\nbody')).toEqual(['GET / HTTP/1.1', 'Host: a', '', 'body']);
  expect(lines('')).toEqual([]);
  expect(lines('\n')).toEqual(['']);
});
test('long lines are cut, characters are not', () => {
  const long = 'é'.repeat(WIDEST);
  expect(lines(long).length).toBe(2);
  expect(lines(long).join('')).toBe(long);
});
test('what is no text is a dot', () => expect(lines('a\u0000b\u001bc')).toEqual(['a·b·c']));
test('bytes come sixteen at a time', () => expect(linesOf(part('x'.repeat(33)), 'hex').map(({ start, end }) => end - start)).toEqual([16, 16, 1]));
test('a gap is one line', () => expect(linesOf({ ...part(''), missing: 9 }, 'text').length).toBe(1));
test('looked for whatever the case, or as bytes', () => {
  const { bytes } = part('Host: Cloud.Example');
  expect(find(bytes, wantedBytes('cloud'))).toBe(6);
  expect(find(bytes, wantedBytes('0x436c'))).toBe(6);
  expect(find(bytes, wantedBytes('cloud'), 7)).toBe(-1);
  expect(find(bytes, wantedBytes(''))).toBe(-1);
});
