import { notices } from './notices.svelte';

/** Puts text on the clipboard and says so with `done`. */
export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notices.tell(done);
  } catch (thrown) {
    notices.fail(thrown);
  }
}
