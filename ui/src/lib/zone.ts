//! Time as the analyst reads it: pure arithmetic on a zone's table, the same for tables, axes and tooltips.

/** How a zone's clock stood: each period holds from its start until the next; the first since ever. */
export interface Zone {
  zone: string;
  periods: { from_ms: number; offset: number; abbreviation: string }[];
}

export const UTC: Zone = { zone: 'UTC', periods: [{ from_ms: 0, offset: 0, abbreviation: 'UTC' }] };

/** An instant: milliseconds since 1970 UTC, and the nanoseconds within that millisecond (0 to 999 999). */
export interface Instant {
  ms: number;
  nanos: number;
}

/** Reads RFC 3339 UTC with up to nine digits, as the backend writes it. */
export function instant(text: string): Instant | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (!parts) return undefined;
  const ms = Date.parse(`${parts[1]}Z`);
  if (Number.isNaN(ms)) return undefined;
  const fraction = Number((parts[2] ?? '').padEnd(9, '0'));
  return { ms: ms + Math.floor(fraction / 1e6), nanos: fraction % 1e6 };
}

/** RFC 3339 UTC with nine digits. */
export function rfc3339({ ms, nanos }: Instant): string {
  return new Date(ms).toISOString().replace('Z', `${String(nanos).padStart(6, '0')}Z`);
}

/** The period that holds at `ms`. */
export function periodAt(zone: Zone, ms: number): Zone['periods'][number] {
  let low = 0;
  let high = zone.periods.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((zone.periods[middle]?.from_ms ?? 0) <= ms) low = middle;
    else high = middle - 1;
  }
  return zone.periods[low] ?? { from_ms: 0, offset: 0, abbreviation: 'UTC' };
}

/** `+02:00`, `-03:30`; seconds are told where there are any: `+00:53:28`. */
export function offsetText(seconds: number): string {
  const part = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const size = Math.abs(seconds);
  const rest = size % 60 === 0 ? '' : `:${part(size % 60)}`;
  return `${seconds < 0 ? '-' : '+'}${part(size / 3600)}:${part((size / 60) % 60)}${rest}`;
}

export interface Shown {
  date: string;
  /** `17:42:09` */
  time: string;
  /** Nine digits. */
  fraction: string;
  offset: string;
  abbreviation: string;
}

/** An instant as the zone's clocks and calendars showed it. */
export function shown(zone: Zone, { ms, nanos }: Instant): Shown {
  const { offset, abbreviation } = periodAt(zone, ms);
  const local = new Date(ms + offset * 1000).toISOString();
  return {
    date: local.slice(0, local.indexOf('T')),
    time: local.slice(-13, -5),
    fraction: local.slice(-4, -1) + String(nanos).padStart(6, '0'),
    offset: offsetText(offset),
    abbreviation,
  };
}

/** The offset that holds all through a span of time, or none if the clock was changed in between. */
export function steadyOffset(zone: Zone, fromMs: number, toMs: number): string | undefined {
  const first = periodAt(zone, fromMs);
  const last = periodAt(zone, toMs);
  const between = zone.periods.filter((period) => period.from_ms > fromMs && period.from_ms <= toMs);
  const steady = [last, ...between].every((period) => period.offset === first.offset);
  return steady ? offsetText(first.offset) : undefined;
}

/**
 * What instants a wall clock that shows `text` (`2026-03-14 17:42`, date alone, with seconds and fraction, or with an offset of its own)
 * can mean: one as a rule, none in the hour that a clock skips, two in the hour that it repeats.
 */
export function meant(zone: Zone, text: string): Instant[] {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(
    text.trim(),
  );
  if (!parts) return [];
  const [, year, month, day, hour = '00', minute = '00', second = '00', digits = '', own] = parts;
  const fraction = digits.padEnd(9, '0');
  const wall = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3)}Z`);
  if (Number.isNaN(wall)) return [];
  const nanos = Number(fraction.slice(3));
  if (own) {
    const sign = own.startsWith('-') ? -1 : 1;
    const away = /^z$/i.test(own) ? 0 : sign * (Number(own.slice(1, 3)) * 60 + Number(own.slice(-2)));
    return [{ ms: wall - away * 60_000, nanos }];
  }
  const offsets = new Set(zone.periods.map((period) => period.offset));
  return [...offsets]
    .map((offset) => wall - offset * 1000)
    .filter((ms) => ms + periodAt(zone, ms).offset * 1000 === wall)
    .sort((a, b) => a - b)
    .map((ms) => ({ ms, nanos }));
}

/** A mark on a time axis. */
export interface Tick {
  ms: number;
  /** A calendar day begins (or a larger unit is the step): to be drawn stronger. */
  major: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE,
  10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY,
  30 * DAY, 90 * DAY, 365 * DAY, 730 * DAY, 1825 * DAY, 3650 * DAY,
];

/** At most about `most` round marks of the zone's wall clock between two times, and the step between them in milliseconds. */
export function ticks(zone: Zone, fromMs: number, toMs: number, most: number): { step: number; marks: Tick[] } {
  const span = Math.max(1, toMs - fromMs);
  const step = STEPS.find((candidate) => span / candidate <= Math.max(1, most)) ?? 3650 * DAY;
  const wall = (ms: number) => ms + periodAt(zone, ms).offset * 1000;
  const marks: Tick[] = [];
  for (let at = Math.ceil(wall(fromMs) / step) * step; at <= wall(toMs) && marks.length < 400; at += step) {
    // From the wall clock back to the instant; in a skipped hour there is none, in a repeated one the first will do.
    const offset = periodAt(zone, at - periodAt(zone, at).offset * 1000).offset;
    const ms = at - offset * 1000;
    if (ms >= fromMs && ms <= toMs && wall(ms) === at) marks.push({ ms, major: at % DAY === 0 });
  }
  return { step, marks };
}

/** What stands under a mark: as much as its step needs. */
export function tickText(zone: Zone, ms: number, step: number): string {
  const { date, time, fraction } = shown(zone, { ms, nanos: 0 });
  if (step >= DAY || time === '00:00:00') return date;
  if (step >= MINUTE) return time.slice(0, 5);
  return step >= 1000 ? time : `${time}.${fraction.slice(0, 3)}`;
}
