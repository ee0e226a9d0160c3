//! Ways from one thing to another, the same from every table and from the inspector.

import type { Row, Subject } from './types';
import { rawText } from './cells';
import { names } from './names.svelte';
import { place } from './place.svelte';

export const toDevice = (mac: string): void => place.go('devices', { mac, sel: `device:${mac}` });
export const toFrame = (evidence: number, number: number): void =>
  place.go('network', { tab: 'frames', frame: `${evidence}:${number}`, sel: `frame:${evidence}:${number}` });
export const toEvidence = (id: number): void => place.go('evidence', { sel: `evidence:${id}` });
export const toFlow = (uid: string): void => place.go('network', { tab: 'flows', sel: `flow:${uid}` });
/** All facts that a filter selects. */
export const toFacts = (filters: string[], more: Record<string, string> = {}): void => place.go('timeline', { f: filters, ...more });

/** The frame that a row of any view stands in. */
export function frameOf(row: Row, subject: Subject | undefined): { evidence: number; number: number } | undefined {
  if (subject?.what === 'frame') return subject;
  const frame = row.frame ?? row.first_frame;
  const item = names.item(rawText(row.evidence));
  return typeof frame === 'number' && item ? { evidence: Number(item._id), number: frame } : undefined;
}
