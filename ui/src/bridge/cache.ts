//! What the backend said last, until an event says that it may say something else.

import { CallError } from './host';
import type { Topic } from './generated';

/** One answer. Readers subscribe by `watch`; the values are replaced, never changed in place. */
export interface Answer<T> {
  data: T | undefined;
  error: CallError | undefined;
  /** Asked, and no answer yet. */
  busy: boolean;
}

interface Entry {
  name: string;
  request: unknown;
  answer: Answer<unknown>;
  watchers: Set<() => void>;
  stale: boolean;
  asking: boolean;
  /** When it was asked last. */
  asked: number;
  /** Somebody waits for what it says now. */
  urgent: boolean;
}

/** Which topics a command reads, by its name. */
type Reads = { readonly [name: string]: readonly Topic[] | undefined };

/** How many answers that nobody looks at are kept. */
const KEPT = 200;

export class Cache {
  #entries = new Map<string, Entry>();
  /** When the stale are looked at next, and what will do it. */
  #due: { at: number; timer: ReturnType<typeof setTimeout> } | undefined;
  #ask: (name: string, request: unknown) => Promise<unknown>;
  #reads: Reads;
  #pace: { readonly [name: string]: number | undefined };
  #pause: number;

  /**
   * `pace`: how many milliseconds a command is not asked again after the same question, however often events say that it has changed.
   * `pause`: milliseconds in which changes are gathered before anything is asked again.
   */
  constructor(ask: (name: string, request: unknown) => Promise<unknown>, reads: Reads, pace: { readonly [name: string]: number | undefined } = {}, pause = 80) {
    this.#ask = ask;
    this.#reads = reads;
    this.#pace = pace;
    this.#pause = pause;
  }

  /** What is known now; asks if nothing is known or it is stale. */
  read<T>(name: string, request: unknown): Answer<T> {
    const entry = this.#entry(name, request);
    if (entry.stale && !entry.asking) this.#refreshOrWait(entry);
    return entry.answer as Answer<T>;
  }

  /** Calls `told` whenever the answer is replaced, until the returned function is called. */
  watch(name: string, request: unknown, told: () => void): () => void {
    const entry = this.#entry(name, request);
    entry.watchers.add(told);
    return () => {
      entry.watchers.delete(told);
      this.#trim();
    };
  }

  /**
   * Whatever reads one of these topics is stale: asked again soon if somebody watches, else when next read.
   * `urgent`: whatever its pace, as it is the analyst who changed it.
   */
  changed(topics: readonly Topic[] | 'all', urgent = topics === 'all'): void {
    for (const entry of this.#entries.values()) {
      if (topics !== 'all' && !this.#reads[entry.name]?.some((topic) => topics.includes(topic))) continue;
      entry.stale = true;
      entry.urgent ||= urgent;
    }
    this.#look(this.#pause);
  }

  /** Milliseconds until it may be asked again. */
  #wait(entry: Entry): number {
    return entry.urgent ? 0 : entry.asked + (this.#pace[entry.name] ?? 0) - performance.now();
  }

  #refreshOrWait(entry: Entry): void {
    const wait = this.#wait(entry);
    if (wait > 0) this.#look(wait);
    else void this.#refresh(entry);
  }

  /** Asks again what is stale and watched, in so many milliseconds or before. */
  #look(wait: number): void {
    const at = performance.now() + wait;
    if (this.#due && this.#due.at <= at) return;
    clearTimeout(this.#due?.timer);
    const timer = setTimeout(() => {
      this.#due = undefined;
      for (const entry of this.#entries.values()) {
        if (entry.stale && entry.watchers.size > 0 && !entry.asking) this.#refreshOrWait(entry);
      }
    }, wait);
    this.#due = { at, timer };
  }

  #entry(name: string, request: unknown): Entry {
    const key = `${name} ${JSON.stringify(request)}`;
    let entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key); // to the end: read last, dropped last
    } else {
      const answer = { data: undefined, error: undefined, busy: true };
      entry = { name, request, answer, watchers: new Set(), stale: true, asking: false, asked: -Infinity, urgent: false };
    }
    this.#entries.set(key, entry);
    return entry;
  }

  async #refresh(entry: Entry): Promise<void> {
    entry.asking = true;
    entry.asked = performance.now();
    entry.stale = entry.urgent = false;
    const put = (answer: Answer<unknown>) => {
      entry.answer = answer;
      for (const told of entry.watchers) told();
    };
    try {
      put({ data: await this.#ask(entry.name, entry.request), error: undefined, busy: false });
    } catch (thrown) {
      put({ data: entry.answer.data, error: CallError.from(thrown), busy: false });
    }
    entry.asking = false;
    if (entry.stale && entry.watchers.size > 0) this.#look(this.#pause); // it changed while we asked
  }

  #trim(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= KEPT) return;
      if (entry.watchers.size === 0 && !entry.asking) this.#entries.delete(key);
    }
  }
}
