//! The arithmetic of a recording: how far it is, what was lost, what a small chart of its traffic looks like.

import type { Capture } from '../../bridge/generated';
import { instant } from '../../lib/zone';

export const isRunning = ({ state }: { state: string }): boolean => state === 'starting' || state === 'recording' || state === 'sealing';

/** Seconds from its start to its end, or to now. */
export function elapsed({ started, ended }: Pick<Capture, 'started' | 'ended'>, nowMs: number): number {
  const from = instant(started)?.ms;
  if (from === undefined) return 0;
  return Math.max(0, ((instant(ended ?? '')?.ms ?? nowMs) - from) / 1000);
}

/** Packets that the system or the adapter had no room for; undefined: nobody counted. */
export function lost({ dropped, if_dropped }: Pick<Capture, 'dropped' | 'if_dropped'>): number | undefined {
  return dropped === null && if_dropped === null ? undefined : (dropped ?? 0) + (if_dropped ?? 0);
}

/** The share of what came that was lost, in words a person would use: `0.3`, `12`, `below 0.1`. */
export function lostShare(lost: number, packets: number): string {
  const share = (lost / Math.max(1, lost + packets)) * 100;
  return share < 0.1 ? '<\u202f0.1' : share < 10 ? share.toFixed(1) : String(Math.round(share));
}

/** How far it is towards the limit that it will reach first, from 0 to 1; undefined: it has none. */
export function towards(capture: Pick<Capture, 'limits' | 'packets' | 'bytes'>, seconds: number): number | undefined {
  const { limits } = capture;
  const parts = [[seconds, limits.seconds], [capture.packets, limits.packets], [capture.bytes, limits.bytes]] as const;
  const shares = parts.flatMap(([now, limit]) => (limit ? [Math.min(1, now / limit)] : []));
  return shares.length > 0 ? Math.max(...shares) : undefined;
}

/** Points of a line through `values`, newest on the right; `length` values fill the width. */
export function spark(values: readonly number[], width: number, height: number, length = 60): string {
  const most = Math.max(1, ...values);
  const shown = values.slice(-length);
  const step = width / Math.max(1, length - 1);
  return shown.map((value, n) => `${round(width - (shown.length - 1 - n) * step)},${round(height - 1 - (value / most) * (height - 2))}`).join(' ');
}

const round = (value: number) => Math.round(value * 10) / 10;

/** A number that was typed, times its unit; null where nothing was; undefined where it is none. */
export function limitOf(typed: string, unit = 1): number | null | undefined {
  const text = typed.replace(/[\s\u202f]/g, '').replace(',', '.');
  if (text === '') return null;
  const value = Number(text) * unit;
  return Number.isFinite(value) && value >= 1 ? Math.round(value) : undefined;
}
