//! Packets for other tools.

import { call, native, type Select } from '../bridge';
import { download, written } from './exports';
import { notices } from './notices.svelte';

/** Writes packets to a capture. In the window it lies in the case's exports folder; a browser downloads it as well. */
export async function savePackets(select: Select, frames: number[] = []): Promise<string | undefined> {
  const name = await written(() => call('packets_save', { select, frames }));
  if (name && !native) await download(name);
  return name;
}

/** Writes packets, and opens them with what the system opens captures with: Wireshark, where it is installed. */
export async function openPackets(select: Select, frames: number[] = []): Promise<void> {
  const name = await written(() => call('packets_save', { select, frames }));
  if (!name) return;
  try {
    await call('export_open', { name });
  } catch (thrown) {
    notices.fail(thrown);
  }
}

/** One flow's packets; `evidence`: SHA-256 of the item. */
export const ofFlow = (uid: string, evidence: string): Select => ({
  filters: [
    { field: 'uid', op: '=', value: uid },
    { field: 'evidence', op: '=', value: evidence },
  ],
  search: '',
  since: null,
  until: null,
  filter: '',
});
