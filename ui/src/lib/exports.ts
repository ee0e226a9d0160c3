//! Files that the workstation writes to the case's exports folder: waited for, then brought to the analyst.

import { bytes, call, onEvent, type Job } from '../bridge';
import { notices } from './notices.svelte';

/** Waits for a job that writes a file; gives the file's name in the exports folder. */
export async function written(begin: () => Promise<{ id: number }>): Promise<string | undefined> {
  const ended = new Map<number, Job>();
  let tell: ((job: Job) => void) | undefined;
  const stop = onEvent((event) => {
    if (event.event !== 'job' || event.job.state === 'running') return;
    ended.set(event.job.id, event.job);
    tell?.(event.job);
  });
  try {
    const { id } = await begin();
    const job = await new Promise<Job>((found) => {
      const known = ended.get(id);
      if (known) return found(known);
      tell = (job) => job.id === id && found(job);
      // An event may be missed while the connection is made anew.
      const again = setInterval(() => void call('jobs', null).then((all) => all.filter((job) => job.id === id && job.state !== 'running').forEach(found)), 2000);
      const before = found;
      found = (job) => (clearInterval(again), before(job));
    });
    if (job.state === 'failed') throw new Error(job.message);
    if (job.state === 'cancelled') return undefined;
    notices.tell(job.message);
    return job.at.replace(/^exports\//, '');
  } catch (thrown) {
    notices.fail(thrown);
    return undefined;
  } finally {
    stop();
  }
}

/** Larger files stay where they are: in the case's folder. */
const MOST = 512 << 20;
const PIECE = 1 << 20;

/** Hands an export over as a download of the browser. */
export async function download(name: string): Promise<void> {
  try {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let offset = 0; offset < MOST; offset += PIECE) {
      const part = new Uint8Array(await bytes({ evidence_id: 0, offset, length: PIECE, export: name }));
      if (part.length > 0) parts.push(part);
      if (part.length < PIECE) {
        const url = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
        const link = Object.assign(document.createElement('a'), { href: url, download: name });
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
        return;
      }
    }
  } catch (thrown) {
    notices.fail(thrown);
  }
}
