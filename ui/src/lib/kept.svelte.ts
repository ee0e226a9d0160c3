import type { Answer } from '../bridge';

/** The latest answer that has come, while a changed question waits for its own: what is on the screen does not blink. */
export function kept<T>(ask: () => Answer<T>): { readonly data: T | undefined; readonly error: Answer<T>['error']; readonly waiting: boolean } {
  let last: T | undefined;
  const answer = $derived(ask());
  const data = $derived.by(() => {
    if (answer.data !== undefined) last = answer.data;
    return answer.error ? answer.data : last;
  });
  return {
    get data() {
      return data;
    },
    get error() {
      return answer.error;
    },
    get waiting() {
      return answer.busy;
    },
  };
}
