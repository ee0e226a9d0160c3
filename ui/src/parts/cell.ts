//! What a cell of any view shows: text, and what the tooltip adds.

import type { Column, Row } from '../bridge';
import { looksLikeCode, plainText, rawText } from '../lib/cells';
import { timeInFull, timeText } from '../lib/clock.svelte';
import { placeText } from '../lib/geo';
import { names } from '../lib/names.svelte';
import { places } from '../lib/places.svelte';

export interface Shown {
  text: string;
  title: string;
  mono: boolean;
  /** A name stands for an address. */
  named: boolean;
  /** The country of an address outside. */
  note?: string;
}

export function cellOf(row: Row, column: Column): Shown {
  const value = row[column.name];
  const raw = rawText(value);
  const plain = { title: '', mono: column.shape === 'code', named: false };
  if (raw === '') return { ...plain, text: '' };
  if (column.shape === 'time') return { ...plain, text: timeText(raw, /^(first|last)_ts$|^started$|^ended$/.test(column.name) ? 0 : 6), title: timeInFull(raw) };
  if (column.name === 'evidence') {
    const name = names.itemName(raw);
    return name ? { text: name, title: raw, mono: false, named: true } : { ...plain, text: raw, title: raw };
  }
  const isAddress = column.shape === 'code' || (typeof value === 'string' && looksLikeCode(raw));
  // A party is called by its name; a value that a fact states stands as stated.
  if (column.shape === 'code' && column.name !== 'mac') {
    const known = names.device(raw);
    if (known?.name) return { text: known.name, title: [raw, ...known.macs.filter((mac) => mac !== raw)].join('\n'), mono: false, named: true };
  }
  const where = column.shape === 'code' && typeof value === 'string' ? places.of(raw) : undefined;
  if (where) return { ...plain, text: raw, title: [raw, placeText(where), ...where.by].join('\n'), note: where.code };
  const isName = /(_p|port|_id)$/.test(column.name); // a number that counts nothing has no groups
  const text = plainText(value, isName && column.shape === 'number' ? 'text' : column.shape);
  return { ...plain, text, mono: isAddress, title: text === raw && text.length < 14 ? '' : raw };
}
