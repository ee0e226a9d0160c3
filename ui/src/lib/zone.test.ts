import { describe, expect, test } from 'vitest';
import { instant, meant, offsetText, periodAt, rfc3339, shown, steadyOffset, tickText, ticks, UTC, type Zone } from './zone';

/** Berlin around 2026: forward on 29 March 01:00 UTC, back on 25 October 01:00 UTC. */
const BERLIN: Zone = {
  zone: 'Europe/Berlin',
  periods: [
    { from_ms: Date.parse('2025-10-26T01:00:00Z'), offset: 3600, abbreviation: 'CET' },
    { from_ms: Date.parse('2026-03-29T01:00:00Z'), offset: 7200, abbreviation: 'CEST' },
    { from_ms: Date.parse('2026-10-25T01:00:00Z'), offset: 3600, abbreviation: 'CET' },
  ],
};
const ms = (text: string) => Date.parse(text);
const say = (zone: Zone, text: string) => {
  const { date, time, fraction, offset } = shown(zone, instant(text)!);
  return `${date} ${time}.${fraction} ${offset}`;
};

test.each([
  [UTC, '1970-01-01T00:00:00.000000000Z', '1970-01-01 00:00:00.000000000 +00:00'],
  [BERLIN, '2026-03-14T16:42:09.113204777Z', '2026-03-14 17:42:09.113204777 +01:00'],
  [BERLIN, '2026-03-29T00:59:59.999999999Z', '2026-03-29 01:59:59.999999999 +01:00'],
  [BERLIN, '2026-03-29T01:00:00.000000000Z', '2026-03-29 03:00:00.000000000 +02:00'], // the hour from 2 to 3 is skipped
  [BERLIN, '2026-10-25T00:30:00.000000000Z', '2026-10-25 02:30:00.000000000 +02:00'],
  [BERLIN, '2026-10-25T01:30:00.000000000Z', '2026-10-25 02:30:00.000000000 +01:00'], // and the hour from 2 to 3 comes twice
  [BERLIN, '1999-07-01T00:00:00.000000000Z', '1999-07-01 01:00:00.000000000 +01:00'], // before the table: its first period
  [BERLIN, '2026-12-31T23:00:00.000000001Z', '2027-01-01 00:00:00.000000001 +01:00'],
])('%o at %s shows %s', (zone, text, expected) => {
  expect(say(zone, text)).toBe(expected);
  expect(rfc3339(instant(text)!)).toBe(text);
});

test.each(['', 'yesterday', '2026-03-14', '2026-03-14T16:42:09+01:00', '2026-13-01T00:00:00Z'])('%s is no time of ours', (text) => {
  expect(instant(text)).toBeUndefined();
});

test('before 1970 the fraction still counts forward', () => {
  expect(instant('1969-12-31T23:59:59.999000001Z')).toEqual({ ms: -1, nanos: 1 });
  expect(say(UTC, '1969-12-31T23:59:59.999000001Z')).toBe('1969-12-31 23:59:59.999000001 +00:00');
});

test.each([
  [0, '+00:00'],
  [7200, '+02:00'],
  [-12_600, '-03:30'],
  [3208, '+00:53:28'], // Berlin's local mean time
])('%d seconds east are %s', (seconds, text) => expect(offsetText(seconds)).toBe(text));

describe('what a wall clock means', () => {
  test.each([
    ['2026-03-14 17:42', ['2026-03-14T16:42:00.000000000Z']],
    ['2026-03-14T17:42:09.5', ['2026-03-14T16:42:09.500000000Z']],
    ['2026-03-14', ['2026-03-13T23:00:00.000000000Z']],
    ['2026-03-29 02:30', []], // skipped
    ['2026-10-25 02:30', ['2026-10-25T00:30:00.000000000Z', '2026-10-25T01:30:00.000000000Z']], // repeated
    ['2026-10-25 02:30 +01:00', ['2026-10-25T01:30:00.000000000Z']], // says which
    ['2026-03-14T16:42:09.113204777Z', ['2026-03-14T16:42:09.113204777Z']],
    ['14.3.2026', []],
    ['2026-02-31 25:00', []],
  ])('%s', (text, expected) => expect(meant(BERLIN, text).map(rfc3339)).toEqual(expected));
});

test('a steady offset is told, a changing one is not', () => {
  expect(steadyOffset(BERLIN, ms('2026-06-01T00:00Z'), ms('2026-07-01T00:00Z'))).toBe('+02:00');
  expect(steadyOffset(BERLIN, ms('2026-03-01T00:00Z'), ms('2026-04-01T00:00Z'))).toBeUndefined();
  expect(steadyOffset(BERLIN, ms('2026-03-01T00:00Z'), ms('2026-12-01T00:00Z'))).toBeUndefined(); // the same at both ends only
});

test('marks stand on the round hours of the wall clock, also where it jumps', () => {
  const { step, marks } = ticks(BERLIN, ms('2026-03-28T20:00Z'), ms('2026-03-29T08:00Z'), 14);
  expect(step).toBe(3_600_000);
  expect(marks.map((mark) => tickText(BERLIN, mark.ms, step))).toEqual(
    ['21:00', '22:00', '23:00', '2026-03-29', '01:00', '03:00', '04:00', '05:00', '06:00', '07:00', '08:00', '09:00', '10:00'],
  );
  expect(marks.filter((mark) => mark.major)).toHaveLength(1);
});

test('a period is found at its very start', () => {
  expect(periodAt(BERLIN, ms('2026-03-29T01:00Z')).abbreviation).toBe('CEST');
  expect(periodAt(BERLIN, ms('2026-03-29T01:00Z') - 1).abbreviation).toBe('CET');
});
