//! What the palette finds for the words that were typed.

export interface Entry {
  group: string;
  text: string;
  /** Also searched, shown after the text. */
  more?: string;
  note?: string;
  run: () => void;
}

/** Entries in which every word occurs; those whose name begins with the first word come first, then those whose name has it. */
export function found(entries: readonly Entry[], typed: string): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return [...entries];
  const rank = ({ text }: Entry) => {
    const name = text.toLowerCase();
    return name.startsWith(first) ? 0 : name.includes(first) ? 1 : 2;
  };
  return entries
    .filter(({ text, more = '', group }) => {
      const all = `${text} ${more} ${group}`.toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .map((entry, n) => ({ entry, n }))
    .sort((a, b) => rank(a.entry) - rank(b.entry) || a.n - b.n)
    .map(({ entry }) => entry);
}
