//! Words of capture filters, as tcpdump takes them, and which could be written next.

export interface Word {
  text: string;
  about: () => string;
}

/** A word in parts: what stands before the caret is taken apart no further than this. */
export interface Completion {
  /** Where the word that is being written begins; it ends at the caret. */
  start: number;
  words: Word[];
}

/** `words` in which the one that ends at the caret begins; none where nothing has been begun, or the word stands complete. */
export function complete(text: string, caret: number, words: readonly Word[]): Completion {
  const before = text.slice(0, caret);
  // Several words belong together (`ether host`): the longest beginning that fits is taken.
  const starts = [...before.matchAll(/(?<=^|[\s(!])[a-z]/gi)].map(({ index }) => index);
  for (const start of starts) {
    const begun = before.slice(start).toLowerCase();
    const found = words.filter(({ text }) => text.startsWith(begun) && text !== begun);
    if (found.length > 0) return { start, words: found };
  }
  return { start: caret, words: [] };
}

/** The text with a word put where it was begun, and where the caret stands then. */
export function taken(text: string, caret: number, start: number, word: string): { text: string; caret: number } {
  const after = text.slice(caret);
  const space = after === '' || /^\S/.test(after) ? ' ' : '';
  const written = `${text.slice(0, start)}${word}${space}`;
  return { text: written + after, caret: written.length + (space ? 0 : 1) };
}
