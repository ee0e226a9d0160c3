//! Rows for a table: from the workstation page by page, or from a list that is there already.

import { SvelteMap } from 'svelte/reactivity';
import { call, CallError, onEvent, READS, type Column, type Row, type Select, type Topic } from '../bridge';

/** What a table shows. Indexes count from 0 in the order of the table. */
export interface Rows {
  /** What they answer: another question begins at the top. */
  readonly question: string;
  readonly columns: Column[];
  /** How many there are as far as is known; undefined until the first are there. */
  readonly total: number | undefined;
  /** All that match are counted. */
  readonly counted: boolean;
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
  #counted = $state(false);
  #error = $state.raw<CallError>();
  /** Why they could not be counted. */
  #uncounted = $state.raw<CallError>();
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
  get counted(): boolean {
    return this.#counted;
  }
  get error(): CallError | undefined {
    return this.#error ?? this.#uncounted;
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
    this.#error = undefined;
    this.#anew();
  }

  #anew(): void {
    this.#round++;
    this.#asking.clear();
    this.#cursors.clear();
    this.#news = 0;
    this.#counted = false;
    this.#uncounted = undefined;
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
        if ((this.#total ?? 0) <= PAGE) return this.#anew();
        const total = await this.#count();
        if (this.#live && this.#counted) this.#news = total - (this.#total ?? 0);
      } catch {
        // The next event, or the next page, will tell.
      }
    }, 400);
  }

  /** Until all are counted, the table is as long as what was seen of it, and a page more if there is more. */
  #known(page: number, rows: number, more: boolean): void {
    if (this.#counted) return;
    const seen = page * PAGE + rows;
    if (!more) {
      this.#total = seen;
      this.#counted = true;
      return;
    }
    this.#total = Math.max(this.#total ?? 0, seen + PAGE); // the rows of that page are asked for as soon as they are looked at
    if (page > 0) return;
    const round = this.#round;
    void this.#count().then(
      (total) => {
        if (!this.#live || round !== this.#round) return;
        this.#total = total;
        this.#counted = true;
      },
      (thrown: unknown) => {
        if (this.#live && round === this.#round) this.#uncounted = CallError.from(thrown); // the table stays as long as what was seen
      },
    );
  }

  async #count(): Promise<number> {
    return (await call('rows', { ...this.#request, after: null, skip: 0, limit: 1, count: true })).total ?? 0;
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
        count: false, // which may take longer than the first rows should
      });
      if (!this.#live || round !== this.#round) return;
      if (page === 0) this.#columns = answer.columns;
      if (answer.next !== null) this.#cursors.set(page + 1, answer.next);
      this.#pages.set(page, answer.rows);
      this.#known(page, answer.rows.length, answer.next !== null);
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
  readonly counted = true;
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
