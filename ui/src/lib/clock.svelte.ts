//! The zone in which the whole page shows time.

import { query } from '../bridge';
import { zoneName } from './prefs.svelte';
import { instant, rfc3339, shown, steadyOffset, UTC, type Zone } from './zone';

class Clock {
  #case = $derived(query('case_info', null).data);
  /** IANA name: the one chosen, else the case's, else UTC. */
  readonly name = $derived(zoneName.value || this.#case?.zone || 'UTC');
  #table = $derived(this.name === 'UTC' ? undefined : query('zone_table', { zone: this.name }).data);
  readonly zone: Zone = $derived(this.#table ?? UTC);
  /** `+02:00`, if the clock was not changed during the case. */
  readonly offset = $derived.by(() => {
    const from = instant(this.#case?.first_ts ?? '');
    const to = instant(this.#case?.last_ts ?? '');
    return from && to ? steadyOffset(this.zone, from.ms, to.ms) : undefined;
  });
  /** What a time column's header adds to its name. */
  readonly label = $derived(this.name === 'UTC' ? 'UTC' : (this.offset ?? this.name));
}

export const clock = new Clock();

/** `2026-03-14 17:42:09.113204`, with the offset where the header cannot say it for all rows. */
export function timeText(text: string, digits = 6): string {
  const at = instant(text);
  if (!at) return text;
  const { date, time, fraction, offset } = shown(clock.zone, at);
  const part = digits > 0 ? `.${fraction.slice(0, digits)}` : '';
  return `${date} ${time}${part}${clock.name !== 'UTC' && clock.offset === undefined ? ` ${offset}` : ''}`;
}

/** All that is known of a time: as shown, with nine digits and the offset, and in UTC. */
export function timeInFull(text: string): string {
  const at = instant(text);
  if (!at) return text;
  const { date, time, fraction, offset, abbreviation } = shown(clock.zone, at);
  const here = `${date} ${time}.${fraction} ${offset}${/^[A-Z]+$/.test(abbreviation) ? ` ${abbreviation}` : ''}`;
  return clock.name === 'UTC' ? `${date} ${time}.${fraction} UTC` : `${here}\n${rfc3339(at)}`;
}

/** A span of time, with the offset once if it is the same at both ends. */
export function spanText(since: string | null, until: string | null): string {
  const [from, to] = [timeAlone(since) || '…', timeAlone(until) || '…'];
  const [, offset] = /( \S+)$/.exec(to) ?? [];
  return `${offset && from.endsWith(offset) ? from.slice(0, -offset.length) : from} – ${to}`;
}

/** With its offset, for places without a header. */
export function timeAlone(text: string | null | undefined, digits = 0): string {
  const at = instant(text ?? '');
  if (!at) return text ?? '';
  const { date, time, fraction, offset } = shown(clock.zone, at);
  return `${date} ${time}${digits > 0 ? `.${fraction.slice(0, digits)}` : ''} ${clock.name === 'UTC' ? 'UTC' : offset}`;
}
