//! What a value looks like in a cell, by the shape that the workstation gives its column.

import type { JsonValue, Row, Shape, Subject } from './types';
import { duration, number, size } from './format';

/** A value as text. Times are left to the clock, names to the list of names. */
export function plainText(value: JsonValue | undefined, shape: Shape): string {
  if (value === null || value === undefined || value === '') return '';
  if (Array.isArray(value)) return value.map((one) => plainText(one, 'text')).join(', ');
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? '✓' : '–';
  if (typeof value === 'number') {
    if (shape === 'bytes') return size(value);
    if (shape === 'duration') return duration(value);
    return shape === 'number' ? number(value) : String(value);
  }
  return value;
}

/** A value as it goes to the clipboard or into a filter: what the evidence says, without our dress. */
export function rawText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(rawText).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** An address, a hash or another text that is compared letter by letter. */
export const looksLikeCode = (text: string): boolean =>
  /^[0-9a-f]{16,}$|^([0-9a-f]{2}:){5}[0-9a-f]{2}$|^\d+(\.\d+){3}$|^[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*$/i.test(text);

export const toTheRight = (shape: Shape): boolean => shape === 'number' || shape === 'bytes' || shape === 'duration';

/** What a row of a view is about, for the inspector. */
export function subjectOf(view: string, row: Row): Subject | undefined {
  const id = rawText(row._id);
  if (view === 'evidence') return id ? { what: 'evidence', id: Number(id) } : undefined;
  if (view === 'devices' || view === 'identities') return row.mac ? { what: 'device', id: String(row.mac) } : undefined;
  if (view === 'flows') return row.uid ? { what: 'flow', id: String(row.uid) } : undefined;
  if (view === 'frames') return { what: 'frame', evidence: Number(row._evidence), number: Number(row.frame) };
  if (view === 'runs' || view === 'issues' || view === 'presence' || view === 'coverage') {
    return typeof row._evidence === 'number' ? { what: 'evidence', id: row._evidence } : undefined;
  }
  return id ? { what: 'fact', id } : undefined;
}
