//! The page's one door: everything that it asks of the workstation goes through here.

import { createSubscriber } from 'svelte/reactivity';
import { browserHost } from './browser';
import { Cache, type Answer } from './cache';
import { CHANGES, READS, type BytesRequest, type Commands, type Event } from './generated';
import { CallError, type Choice, type Drop } from './host';
import { inWindow, tauriHost } from './tauri';

export { READS } from './generated';
export type * from './generated';
export type { Row } from './row';
export type { Answer, Choice, Drop };
export { CallError };

const host = inWindow() ? tauriHost() : browserHost();
/** While something is recorded, all facts change five times a second: more than what stands around a view need tell. */
const PACE = { case_info: 1000, rows: 1000, views: 1000 };
const cache = new Cache((name, request) => host.call(name, request), READS, PACE);
const listeners = new Set<(event: Event) => void>();

/** In the program's own window, with native dialogs. */
export const native = host.native;

/** Asks the workstation to do something. */
export async function call<K extends keyof Commands>(name: K, request: Commands[K][0]): Promise<Commands[K][1]> {
  try {
    return (await host.call(name, request)) as Commands[K][1];
  } catch (thrown) {
    throw CallError.from(thrown);
  } finally {
    const topics = CHANGES[name];
    if (topics) cache.changed(topics, true);
  }
}

/**
 * An answer that stays true: read inside a component or `$derived`, it is asked again when an event names a topic that the
 * command reads. While it is asked again, the old answer stands.
 */
export function query<K extends keyof Commands>(name: K, request: Commands[K][0]): Answer<Commands[K][1]> {
  subscriber(name, request)();
  return cache.read(name, request);
}

/** Raw bytes of an item of evidence. */
export const bytes = (request: BytesRequest): Promise<Uint8Array> => host.bytes(request);

/** Files or folders, by the system's own dialog; only where `native`. */
export const choose = (what: Choice): Promise<string[]> => host.choose(what);

/** What is dragged over the page and dropped on it. */
export const drops = (tell: (drop: Drop) => void): void => host.drops(tell);

/** Tells of every event, until the returned function is called. */
export function onEvent(tell: (event: Event) => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Begins to listen; once, when the page starts. */
export function start(): void {
  host.listen(
    (event) => {
      if (event.event === 'changed') cache.changed(event.topics);
      for (const tell of listeners) tell(event);
    },
    () => cache.changed('all'),
  );
}

const subscribers = new Map<string, () => void>();

function subscriber(name: string, request: unknown): () => void {
  const key = `${name} ${JSON.stringify(request)}`;
  let found = subscribers.get(key);
  if (!found) {
    found = createSubscriber((update) => {
      const stop = cache.watch(name, request, update);
      return () => {
        stop();
        subscribers.delete(key);
      };
    });
    subscribers.set(key, found);
  }
  return found;
}
