//! The small charts of the table. What a thing said before it is asked for once in a while, one thing at a time; in between, the list's last message
//! is added. However many things talk, that is at most two questions a second.

import { SvelteMap } from 'svelte/reactivity';
import { call, type ThingRow } from '../../bridge';
import { isFlag, numbersIn, type Point } from './figures';

const PAUSE = 500;
const MOST = 120;

interface Line {
  name: string;
  points: Point[];
}

export class Sparks {
  /** By thing; none: it has said no number. */
  readonly lines = new SvelteMap<string, Line>();
  /** Up to when the thing was asked. */
  #read = new Map<string, string>();
  #shown: readonly ThingRow[] = [];

  /** The things that are listed, as they stand. */
  list(things: readonly ThingRow[]): void {
    this.#shown = things;
    for (const { id, last } of things) {
      const line = this.lines.get(id);
      const at = last ? Date.parse(last.at) : 0;
      const value = line && last && at > (line.points.at(-1)?.[0] ?? 0) ? numbersIn(last.text).get(line.name) : undefined;
      if (line && value !== undefined) this.lines.set(id, { name: line.name, points: [...line.points.slice(1 - MOST), [at, value]] });
    }
  }

  /** Asks until the returned function is called. */
  begin(): () => void {
    let alive = true;
    let due: ReturnType<typeof setTimeout>;
    const turn = async () => {
      const next = document.hidden ? undefined : this.#next();
      if (next) await this.#ask(next);
      if (alive) due = setTimeout(() => void turn(), PAUSE);
    };
    void turn();
    return () => {
      alive = false;
      clearTimeout(due);
    };
  }

  /** The one that was asked the longest ago and has said something since. */
  #next(): ThingRow | undefined {
    const stale = this.#shown.filter(({ id, last }) => last && (this.#read.get(id) ?? '') < last.at);
    return stale.reduce<ThingRow | undefined>((first, one) => (first && (this.#read.get(first.id) ?? '') <= (this.#read.get(one.id) ?? '') ? first : one), undefined);
  }

  async #ask({ id, last }: ThingRow): Promise<void> {
    this.#read.set(id, last?.at ?? '');
    try {
      const { series } = await call('thing_said', { id });
      // Flags have a column of their own: a number that is measured says more.
      const first = series.find(([, points]) => !isFlag(points)) ?? series[0];
      if (first) this.lines.set(id, { name: first[0], points: first[1].slice(-MOST) });
    } catch {
      // it may be gone; the list will say so
    }
  }
}
