//! What this machine remembers of how the page was left: theme, widths, columns. Nothing of a case.

/** A remembered value. What cannot be read, or stored, is as if it had never been set. */
export class Pref<T> {
  #value = $state() as T;
  #key: string;

  constructor(key: string, otherwise: T) {
    this.#key = `lintel.${key}`;
    this.#value = otherwise;
    try {
      const kept = localStorage.getItem(this.#key);
      if (kept !== null) this.#value = JSON.parse(kept) as T;
    } catch {
      // as if never set
    }
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    this.#value = value;
    try {
      localStorage.setItem(this.#key, JSON.stringify(value));
    } catch {
      // kept for this visit only
    }
  }
}

export type Theme = 'system' | 'light' | 'dark';
export const theme = new Pref<Theme>('theme', 'system');
export const inspectorWidth = new Pref('inspector.width', 360);
export const inspectorOpen = new Pref('inspector.open', true);
export const packetHeight = new Pref('packet.height', 340);
export const rootScale = new Pref('histogram.root', false);
export const facetsOpen = new Pref('facets.open', true);
/** The zone chosen in the top bar; empty: the case's. */
export const zoneName = new Pref('zone', '');

/** How a view's columns were left. */
export interface Columns {
  order: string[];
  hidden: string[];
  widths: Record<string, number>;
}
export const columnPrefs = new Pref<Record<string, Columns>>('columns', {});
