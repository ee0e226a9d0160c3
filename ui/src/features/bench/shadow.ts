//! What differs between two states, and what has to be sent so that one becomes the other.

export type Json = null | boolean | number | string | Json[] | Member;
export type Member = { [name: string]: Json };

export const isObject = (value: unknown): value is Member => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of its own: a document may well have one that is called `constructor`. */
const own = (of: Member, name: string): Json | undefined => (Object.hasOwn(of, name) ? of[name] : undefined);
const empty = (): Member => Object.create(null) as Member; // in which `__proto__` is a name like others

const same = (one: Json | undefined, other: Json | undefined): boolean => {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, n) => same(item, other[n]));
  if (isObject(one) && isObject(other)) {
    const [names, others] = [Object.keys(one), Object.keys(other)];
    return names.length === others.length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]));
  }
  return one === other;
};

/** What is desired and not reported so: lists count as one value. */
export function delta(desired: Member, reported: Member): Member {
  const found = empty();
  for (const [name, wanted] of Object.entries(desired)) {
    const is = own(reported, name);
    if (isObject(wanted) && isObject(is)) {
      const inner = delta(wanted, is);
      if (Object.keys(inner).length > 0) found[name] = inner;
    } else if (!same(wanted, is)) found[name] = wanted;
  }
  return found;
}

/** The update that makes `before` into `after`: what is to go is sent as null. */
export function patch(before: Member, after: Member): Member {
  const found = empty();
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) found[name] = null;
  for (const [name, next] of Object.entries(after)) {
    const was = own(before, name);
    if (isObject(was) && isObject(next)) {
      const inner = patch(was, next);
      if (Object.keys(inner).length > 0) found[name] = inner;
    } else if (!Object.hasOwn(before, name) || !same(was, next)) found[name] = next;
  }
  return found;
}

export interface Change {
  /** `desired.colour.red` */
  path: string;
  before?: Json;
  after?: Json;
}

/** What was changed, added and taken away, in the order of the members. */
export function changes(before: Member, after: Member, under = ''): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name): Change[] => {
    const [was, is] = [own(before, name), own(after, name)];
    const path = under ? `${under}.${name}` : name;
    if (isObject(was) && isObject(is)) return changes(was, is, path);
    if (same(was, is)) return [];
    return [{ path, ...(Object.hasOwn(before, name) ? { before: was } : {}), ...(Object.hasOwn(after, name) ? { after: is } : {}) } as Change];
  });
}

/** What was typed as the desired state. */
export function read(text: string): { state: Member } | { problem: string } {
  try {
    const state: unknown = JSON.parse(text);
    return isObject(state) ? { state } : { problem: '' };
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** The halves of a document as it lies in the case. */
export function halves(document: unknown): { desired: Member; reported: Member; metadata: Member } {
  const member = (of: unknown, name: string): Member => (isObject(of) && isObject(of[name]) ? of[name] : {});
  const state = member(document, 'state');
  return { desired: member(state, 'desired'), reported: member(state, 'reported'), metadata: member(document, 'metadata') };
}
