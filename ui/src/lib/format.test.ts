import { expect, test } from 'vitest';
import { baseName, duration, folderOf, number, size } from './format';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

test.each([
  [0, '0'],
  [999, '999'],
  [12_481, '12 481'],
  [-2_104_233, '-2 104 233'],
  [21.4, '21.4'],
])('number %d is %s', (value, text) => expect(plain(number(value))).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_999, '1.00 MB'],
  [1_836_204_112, '1.84 GB'],
  [412_000_000, '412 MB'],
  [48_113_920, '48.1 MB'],
])('size %d is %s', (value, text) => expect(plain(size(value))).toBe(text));

test.each([
  [0, '0 s'],
  [0.000_042, '42 µs'],
  [0.1204, '120 ms'],
  [4.2, '4.2 s'],
  [59.99, '1 min'],
  [200, '3 min 20 s'],
  [7500, '2 h 5 min'],
  [922_000, '10 d 16 h'],
  [-3, '−3 s'],
])('duration %d is %s', (value, text) => expect(plain(duration(value))).toBe(text));

test('paths', () => {
  expect(baseName('/evidence/router.pcapng')).toBe('router.pcapng');
  expect(baseName('C:\\evidence\\router.pcapng')).toBe('router.pcapng');
  expect(folderOf('/evidence/router.pcapng')).toBe('/evidence');
  expect(folderOf('router.pcapng')).toBe('');
});
