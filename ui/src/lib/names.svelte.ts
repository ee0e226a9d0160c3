//! Names before addresses: what the case calls a device or an item of evidence.

import { query, type Row } from '../bridge';
import { baseName } from './format';

const all = { select: { filters: [], search: '', since: null, until: null }, sort: '', descending: false, after: null, skip: 0, limit: 2000, count: false };

export interface Known {
  name: string;
  mac: string;
}

class Names {
  /** The case's devices are known. */
  readonly ready: boolean = $derived(query('rows', { view: 'devices', ...all }).data !== undefined);
  readonly devices: Row[] = $derived(query('rows', { view: 'devices', ...all }).data?.rows ?? []);
  readonly evidence: Row[] = $derived(query('rows', { view: 'evidence', ...all }).data?.rows ?? []);

  /** By hardware address, and by IP address where the case knows one device only that had it. */
  readonly #known = $derived.by(() => {
    const known = new Map<string, Known | undefined>();
    for (const row of this.devices) {
      const mac = String(row.mac ?? '');
      const entry = { name: String(row.name ?? ''), mac };
      known.set(mac, entry);
      const ips = Array.isArray(row.ips) ? row.ips.map(String) : String(row.ips ?? '').split(/[\s,]+/);
      for (const ip of ips.filter(Boolean)) known.set(ip, known.has(ip) ? undefined : entry); // two had it: no name is safe
    }
    return known;
  });
  readonly #items = $derived(new Map(this.evidence.map((row) => [String(row.sha256), row])));

  /** The device behind a hardware or IP address. */
  device(address: string): Known | undefined {
    return this.#known.get(address);
  }

  /** An item of evidence by its SHA-256. */
  item(sha256: string): Row | undefined {
    return this.#items.get(sha256);
  }

  itemName(sha256: string): string {
    const row = this.item(sha256);
    return row ? String(row.name || baseName(String(row.path ?? ''))) : '';
  }
}

export const names = new Names();
