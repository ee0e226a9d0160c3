//! Answers that follow the bench. A home full of things says something many times a second; a view asks again at most twice.

import { call, CallError, onEvent, type Commands } from '../../bridge';

/** Milliseconds between two questions. */
const PAUSE = 500;
/** While the connection is made anew an event may be missed. */
const MISSED = 15_000;

export interface Live<T> {
  readonly data: T | undefined;
  readonly error: CallError | undefined;
  /** Asks now: it has just been changed here. */
  again(): void;
}

/** Asks while the component is there and `wanted` gives a request; `pause` of Infinity: once for each request. */
export function live<K extends keyof Commands>(name: K, wanted: () => Commands[K][0] | undefined, pause = PAUSE): Live<Commands[K][1]> {
  let data = $state.raw<Commands[K][1]>();
  let error = $state.raw<CallError>();
  let ask = () => {};
  const key = $derived(JSON.stringify(wanted()) as string | undefined);

  $effect(() => {
    const request = key;
    if (request === undefined) {
      data = error = undefined;
      return;
    }
    let [alive, asking, stale, last] = [true, false, false, 0];
    let due: ReturnType<typeof setTimeout> | undefined;
    const now = async () => {
      due = undefined;
      stale = asking || document.hidden;
      if (stale || !alive) return;
      asking = true;
      last = performance.now();
      try {
        const answer = await call(name, JSON.parse(request) as Commands[K][0]);
        if (alive) [data, error] = [answer, undefined];
      } catch (thrown) {
        if (alive) error = CallError.from(thrown);
      }
      asking = false;
      if (stale && alive) soon();
    };
    const soon = () => {
      if (alive) due ??= setTimeout(() => void now(), Math.max(0, last + pause - performance.now()));
    };
    ask = () => {
      clearTimeout(due);
      void now();
    };
    void now();
    if (pause === Infinity) return () => (alive = false);
    const shown = () => stale && soon();
    const stop = onEvent((event) => event.event === 'changed' && event.topics.includes('Bench') && soon());
    const every = setInterval(soon, MISSED);
    document.addEventListener('visibilitychange', shown);
    return () => {
      alive = false;
      stop();
      clearTimeout(due);
      clearInterval(every);
      document.removeEventListener('visibilitychange', shown);
    };
  });

  return {
    get data() {
      return data;
    },
    get error() {
      return error;
    },
    again: () => ask(),
  };
}
