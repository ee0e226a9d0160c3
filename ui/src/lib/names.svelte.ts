//! Names before addresses: what the case calls a device or an item of evidence.

import { query, type Row } from '../bridge';
import { baseName } from './format';

const all = { select: { filters: [], search: '', since: null, until: null, filter: '' }, sort: '', descending: false, after: null, skip: 0, limit: 2000, count: false };

export interface Known {
  name: string;
  /** More than one where several devices had the address and go by the same name. */
  macs: string[];
}

class Names {
  /** The case's devices are known. */
  readonly ready: boolean = $derived(query('rows', { view: 'devices', ...all }).data !== undefined);
  readonly devices: Row[] = $derived(query('rows', { view: 'devices', ...all }).data?.rows ?? []);
  readonly evidence: Row[] = $derived(query('rows', { view: 'evidence', ...all }).data?.rows ?? []);

  /** By hardware address, and by IP address. */
  readonly #known = $derived.by(() => {
    const known = new Map<string, Known>();
    for (const row of this.devices) {
      const mac = String(row.mac ?? '');
      const name = String(row.name ?? '');
      known.set(mac, { name, macs: [mac] });
      for (const ip of Array.isArray(row.ips) ? row.ips.map(String) : []) {
        const other = known.get(ip);
        // An address that went from one device to another: no name is safe.
        known.set(ip, { name: other && other.name !== name ? '' : name, macs: [...(other?.macs ?? []), mac] });
      }
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
