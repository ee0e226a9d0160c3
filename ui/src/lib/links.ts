//! Ways from one thing to another, the same from every table and from the inspector.

import type { Row, Subject } from './types';
import { rawText } from './cells';
import { names } from './names.svelte';
import { place } from './place.svelte';

export const toDevice = (mac: string): void => place.go('devices', { mac, sel: `device:${mac}` });
/** Opens a frame amid the frames of its item. */
export function toFrame(evidence: number, number: number): void {
  const item = names.evidence.find((row) => Number(row._id) === evidence);
  const f = item ? `evidence=${rawText(item.sha256)}` : '';
  place.go('network', { tab: 'frames', f, frame: `${evidence}:${number}`, sel: `frame:${evidence}:${number}` });
}
export const toEvidence = (id: number): void => place.go('evidence', { sel: `evidence:${id}` });
export const toFlow = (uid: string): void => place.go('network', { tab: 'flows', sel: `flow:${uid}` });
/** What both sides of a flow said. */
export function toStream(uid: string, evidence: string): void {
  const params = { stream: `${uid}:${evidence}`, sel: `flow:${uid}` };
  // Amid the flows that are listed, filtered as they are.
  if (place.view === 'network' && (place.get('tab') || 'flows') === 'flows') place.set(params, true);
  else place.go('network', { tab: 'flows', ...params });
}
export const toPacketsOf = (uid: string, evidence: string): void => place.go('network', { tab: 'frames', f: [`uid=${uid}`, `evidence=${evidence}`], sel: `flow:${uid}` });
/** All facts that name a device: by the address that it had, or, if it had none or several, by its hardware address. */
export const toFactsOf = (mac: string, ips: string[], filter = '', span: Record<string, string> = {}): void =>
  place.go('timeline', { q: ips.length === 1 ? (ips[0] ?? mac) : mac, f: filter, ...span });
/** All facts that a filter selects. */
export const toFacts = (filters: string[], more: Record<string, string> = {}): void => place.go('timeline', { f: filters, ...more });

/** The frame that a row of any view stands in. */
export function frameOf(row: Row, subject: Subject | undefined): { evidence: number; number: number } | undefined {
  if (subject?.what === 'frame') return subject;
  const evidence = row._evidence ?? names.item(rawText(row.evidence))?._id;
  return typeof row.frame === 'number' && evidence ? { evidence: Number(evidence), number: row.frame } : undefined;
}
