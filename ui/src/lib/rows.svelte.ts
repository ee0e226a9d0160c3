//! Rows for a table: from the workstation page by page, or from a list that is there already.

import { SvelteMap } from 'svelte/reactivity';
import { call, CallError, onEvent, READS, type Column, type Row, type Select, type Topic } from '../bridge';

/** What a table shows. Indexes count from 0 in the order of the table. */
export interface Rows {
  /** What they answer: another question begins at the top. */
  readonly question: string;
  readonly columns: Column[];
  /** How many match; undefined until it is known. */
  readonly total: number | undefined;
  readonly error: CallError | undefined;
  /** How many more there would be if asked again: nothing moves by itself. */
  readonly news: number;
  row(index: number): Row | undefined;
  /** These rows are about to be looked at. */
  want(first: number, count: number): void;
  /** Shows what is there now. */
  again(): void;
}

const PAGE = 200;
/** Pages kept in memory. */
const MOST = 60;

/** A view of the case. Pages are found by the cursor of the nearest page before and a number of rows to step over. */
export class PagedRows implements Rows {
  #columns = $state.raw<Column[]>([]);
  #total = $state<number>();
  #error = $state.raw<CallError>();
  #news = $state(0);
  #pages = new SvelteMap<number, Row[]>();
  /** `next` of page n stands at n + 1. */
  #cursors = new Map<number, string>();
  #asking = new Set<number>();
  readonly question: string;
  #request: { view: string; select: Select; sort: string; descending: boolean };
  #live = true;
  #round = 0;
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(view: string, select: Select, sort = '', descending = false) {
    this.#request = { view, select, sort, descending };
    this.question = JSON.stringify(this.#request);
  }

  get columns(): Column[] {
    return this.#columns;
  }
  get total(): number | undefined {
    return this.#total;
  }
  get error(): CallError | undefined {
    return this.#error;
  }
  get news(): number {
    return this.#news;
  }

  /** Begins to ask and to listen; the returned function ends it. */
  open(): () => void {
    void this.#load(0);
    const stop = onEvent((event) => {
      if (event.event === 'changed' && event.topics.some((topic: Topic) => READS.rows?.includes(topic))) this.#changed();
    });
    return () => {
      this.#live = false;
      clearTimeout(this.#due);
      stop();
    };
  }

  row(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  want(first: number, count: number): void {
    if (this.#total === undefined) return;
    const last = Math.floor((first + count - 1) / PAGE);
    for (let page = Math.floor(first / PAGE); page <= last; page++) {
      if (page * PAGE < this.#total && !this.#pages.has(page)) void this.#load(page);
    }
  }

  again(): void {
    this.#round++;
    this.#asking.clear();
    this.#cursors.clear();
    this.#news = 0;
    const shown = [...this.#pages.keys()];
    void this.#load(0).then(() => {
      for (const page of shown) if (page > 0) this.#pages.delete(page); // asked for again as soon as they are looked at
    });
  }

  /** What the table shows may be out of date: count anew, and show it at once only where nothing can jump away under the analyst's eyes. */
  #changed(): void {
    this.#due ??= setTimeout(async () => {
      this.#due = undefined;
      try {
        const { total } = await call('rows', { ...this.#request, after: null, skip: 0, limit: 1, count: true });
        if (!this.#live) return;
        const more = (total ?? 0) - (this.#total ?? 0);
        if ((this.#total ?? 0) <= PAGE) this.again();
        else this.#news = more;
      } catch {
        // The next event, or the next page, will tell.
      }
    }, 400);
  }

  async #load(page: number): Promise<void> {
    if (this.#asking.has(page)) return;
    this.#asking.add(page);
    const round = this.#round;
    let from = page;
    while (from > 0 && !this.#cursors.has(from)) from--;
    try {
      const answer = await call('rows', {
        ...this.#request,
        after: this.#cursors.get(from) ?? null,
        skip: (page - from) * PAGE,
        limit: PAGE,
        count: page === 0,
      });
      if (!this.#live || round !== this.#round) return;
      if (page === 0) this.#columns = answer.columns;
      if (answer.next !== null) this.#cursors.set(page + 1, answer.next);
      this.#pages.set(page, answer.rows);
      if (page === 0) this.#total = answer.total ?? answer.rows.length;
      this.#error = undefined;
      this.#trim(page);
    } catch (thrown) {
      if (this.#live && round === this.#round) this.#error = CallError.from(thrown);
    } finally {
      if (round === this.#round) this.#asking.delete(page);
    }
  }

  /** Forgets the pages that are farthest from the one just read. */
  #trim(near: number): void {
    while (this.#pages.size > MOST) {
      const farthest = [...this.#pages.keys()].reduce((a, b) => (Math.abs(a - near) >= Math.abs(b - near) ? a : b));
      this.#pages.delete(farthest);
    }
  }
}

/** Rows that are there already, such as those of a dossier. */
export class ListedRows implements Rows {
  readonly question = '';
  readonly error = undefined;
  readonly news = 0;
  readonly columns: Column[];
  #rows: readonly Row[];

  constructor(columns: Column[], rows: readonly Row[]) {
    this.columns = columns;
    this.#rows = rows;
  }
  get total(): number {
    return this.#rows.length;
  }
  row(index: number): Row | undefined {
    return this.#rows[index];
  }
  want(): void {}
  again(): void {}

  /** In another order: numbers by size, the rest by text; what is missing comes last. */
  sorted(by: string, descending: boolean): ListedRows {
    if (!by) return this;
    const order = (a: unknown, b: unknown) =>
      typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
    const rows = [...this.#rows].sort((one, other) => {
      const [a, b] = [one[by] ?? undefined, other[by] ?? undefined];
      if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
      return descending ? order(b, a) : order(a, b);
    });
    return new ListedRows(this.columns, rows);
  }
}
