//! In which countries the addresses on the screen are: asked together, and only where a table is loaded.

import { SvelteMap } from 'svelte/reactivity';
import { call, query, type GeoPlace } from '../bridge';

/** Addresses in one question, and those that are remembered. */
const MOST = 500;
const REMEMBERED = 20_000;

class Places {
  /** Which tables are asked; empty: none. */
  readonly tables: string = $derived((query('geo_state', null).data?.tables ?? []).map(({ sha256 }) => sha256).join(' '));
  /** By tables and address. */
  #known = new SvelteMap<string, GeoPlace | null>();
  #wanted = new Set<string>();
  #due: ReturnType<typeof setTimeout> | undefined;

  /** What is known of an address by now; what is not is asked. */
  of(address: string): GeoPlace | undefined {
    const tables = this.tables;
    if (!tables || !/^\d+(\.\d+){3}$|^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) || address.length === 17) return undefined;
    const known = this.#known.get(`${tables} ${address}`);
    if (known === undefined && this.#wanted.size < MOST) {
      this.#wanted.add(address);
      this.#due ??= setTimeout(() => void this.#ask(tables), 50);
    }
    return known ?? undefined;
  }

  async #ask(tables: string): Promise<void> {
    const addresses = [...this.#wanted];
    this.#wanted.clear();
    this.#due = undefined;
    if (this.#known.size > REMEMBERED) this.#known.clear();
    // Without an answer nothing is said of them; it is no more than a note.
    const places = await call('geo_lookup', { addresses }).catch(() => []);
    addresses.forEach((address, n) => this.#known.set(`${tables} ${address}`, places[n] ?? null));
  }
}

export const places = new Places();
