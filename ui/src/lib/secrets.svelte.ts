//! Masked values that were revealed: for a reason, which is remembered until the page is left.

import { call, type JsonValue, type Row } from '../bridge';
import { rawText } from './cells';
import { notices } from './notices.svelte';

class Secrets {
  /** Why; written to the custody log each time. */
  reason = $state('');
  #told = $state.raw<ReadonlyMap<string, Row>>(new Map());

  /** Names of what a row has masked. */
  masked(row: Row): string[] {
    return Array.isArray(row._masked) ? row._masked.map(rawText) : [];
  }

  shown(id: string): boolean {
    return this.#told.has(id);
  }

  /** A value in the clear, if it was revealed. */
  value(id: string, name: string): JsonValue | undefined {
    return this.#told.get(id)?.[name];
  }

  async reveal(id: string): Promise<void> {
    try {
      const { facts } = await call('secrets_reveal', { facts: [id], view: '', select: { filters: [], search: '', since: null, until: null, filter: '' }, reason: this.reason });
      this.#told = new Map([...this.#told, ...facts.map((fact) => [fact.id, fact.values] as const)]);
    } catch (thrown) {
      notices.fail(thrown);
    }
  }

  hide(id: string): void {
    this.#told = new Map([...this.#told].filter(([known]) => known !== id));
  }
}

export const secrets = new Secrets();
