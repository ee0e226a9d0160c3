//! Where you are: in the address, so that it survives reload, and Back goes back.

import type { Filter, Op, Select } from '../bridge';

/** What the inspector shows. */
export type Subject =
  | { what: 'fact'; id: string }
  | { what: 'frame'; evidence: number; number: number }
  | { what: 'device'; id: string }
  | { what: 'evidence'; id: number }
  | { what: 'flow'; id: string };

class Place {
  #hash = $state(location.hash);
  #view = $derived(/^#\/([a-z]+)/.exec(this.#hash)?.[1] ?? '');
  #params = $derived(new URLSearchParams(this.#hash.split('?')[1] ?? ''));

  constructor() {
    addEventListener('hashchange', () => (this.#hash = location.hash));
  }

  /** `timeline`, `network`, ...; empty at the start. */
  get view(): string {
    return this.#view;
  }

  get(name: string): string {
    return this.#params.get(name) ?? '';
  }

  /** All values of a name that may stand several times. */
  all(name: string): string[] {
    return this.#params.getAll(name).filter((value) => value !== '');
  }

  /** Goes to a view: a step that Back undoes. */
  go(view: string, params: Record<string, string | string[]> = {}): void {
    this.#to(view, new URLSearchParams(pairs(params)), true);
  }

  /** Changes what the address says of this view; empty values disappear. `step`: Back undoes it. */
  set(params: Record<string, string | string[]>, step = false): void {
    const next = new URLSearchParams(this.#params);
    for (const name of Object.keys(params)) next.delete(name);
    for (const [name, value] of pairs(params)) next.append(name, value);
    this.#to(this.#view, next, step);
  }

  /** Which rows: filters, search and span of time. */
  get select(): Select {
    return {
      filters: this.#params.getAll('f').map(readFilter).filter((filter) => filter !== undefined),
      search: this.get('q'),
      since: this.get('since') || null,
      until: this.get('until') || null,
      filter: this.get('filter'),
    };
  }

  filters(filters: Filter[]): void {
    this.set({ f: filters.map(writeFilter) }, true);
  }

  get subject(): Subject | undefined {
    return readSubject(this.get('sel'));
  }

  /** Selecting is no step of its own: Back leads to where one was, not to what one looked at. */
  look(subject: Subject | undefined): void {
    this.set({ sel: subject ? writeSubject(subject) : '' });
  }

  #to(view: string, params: URLSearchParams, step: boolean): void {
    const text = params.toString();
    const hash = `#/${view}${text ? `?${text}` : ''}`;
    if (hash === location.hash) return;
    if (step) history.pushState(null, '', hash);
    else history.replaceState(null, '', hash);
    this.#hash = hash;
  }
}

export const place = new Place();

const pairs = (params: Record<string, string | string[]>): [string, string][] =>
  Object.entries(params)
    .flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one]))
    .filter(([, value]) => value !== '');

const OPS: Op[] = ['!=', '=', '~', '<', '>'];

/** `field=value`, as on the command line. */
export const writeFilter = ({ field, op, value }: Filter): string => `${field}${op}${value}`;

export function readFilter(text: string): Filter | undefined {
  const parts = /^([\w.:-]+?)(!=|=|~|<|>)(.*)$/s.exec(text);
  const op = OPS.find((one) => one === parts?.[2]);
  return parts?.[1] && op ? { field: parts[1], op, value: parts[3] ?? '' } : undefined;
}

export const writeSubject = (subject: Subject): string =>
  subject.what === 'frame' ? `frame:${subject.evidence}:${subject.number}` : `${subject.what}:${subject.id}`;

export function readSubject(text: string): Subject | undefined {
  const [what, ...rest] = text.split(':');
  const id = rest.join(':');
  if (!id) return undefined;
  if (what === 'fact' || what === 'device' || what === 'flow') return { what, id };
  if (what === 'evidence') return { what, id: Number(id) };
  if (what === 'frame') return { what, evidence: Number(rest[0]), number: Number(rest[1]) };
  return undefined;
}
