//! A stream's payload cut into lines of one height: text by its own line breaks, bytes sixteen at a time.

export interface Part {
  from_orig: boolean;
  frame: number;
  /** Position in what this side said. */
  at: number;
  missing: number;
  bytes: Uint8Array;
}

export interface Line {
  part: Part;
  /** Bytes of the part. */
  start: number;
  end: number;
}

/** Longer lines of text are cut, so that each has the height of one. */
export const WIDEST = 160;

export function linesOf(part: Part, mode: 'text' | 'hex'): Line[] {
  const lines: Line[] = [];
  if (part.missing > 0) return [{ part, start: 0, end: 0 }];
  if (mode === 'hex') {
    for (let start = 0; start < part.bytes.length; start += 16) lines.push({ part, start, end: Math.min(start + 16, part.bytes.length) });
    return lines;
  }
  let start = 0;
  for (let at = 0; at < part.bytes.length; at++) {
    const byte = part.bytes[at] ?? 0;
    // A character is never cut: continuation bytes of UTF-8 stay with their first.
    const long = at - start >= WIDEST && (byte & 0xc0) !== 0x80;
    if (long) {
      lines.push({ part, start, end: at });
      start = at;
    }
    if (byte === 0x0a) {
      lines.push({ part, start, end: at + 1 });
      start = at + 1;
    }
  }
  if (start < part.bytes.length) lines.push({ part, start, end: part.bytes.length });
  return lines;
}

const reader = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** A line as text: what is no text is a dot. */
export const textOf = (line: Line): string =>
  reader
    .decode(line.part.bytes.subarray(line.start, line.end))
    .replace(/\r?\n$/, '')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd]/g, '·');

/** Where `wanted` (text, whatever the case; or `0x` and hex digits) first stands in a part's bytes from `from` on; -1: nowhere. */
export function find(bytes: Uint8Array, wanted: Uint8Array[], from = 0): number {
  const [lower, upper] = wanted;
  if (!lower || lower.length === 0) return -1;
  outer: for (let at = from; at + lower.length <= bytes.length; at++) {
    for (let n = 0; n < lower.length; n++) {
      const byte = bytes[at + n];
      if (byte !== lower[n] && byte !== upper?.[n]) continue outer;
    }
    return at;
  }
  return -1;
}

/** What is looked for, as bytes in both cases. */
export function wantedBytes(typed: string): Uint8Array[] {
  const hex = /^0x((?:[0-9a-f]{2}\s*)+)$/i.exec(typed.trim());
  if (hex?.[1]) {
    const digits = hex[1].replace(/\s/g, '');
    const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    return [bytes, bytes];
  }
  const write = new TextEncoder();
  const [lower, upper] = [write.encode(typed.toLowerCase()), write.encode(typed.toUpperCase())];
  return lower.length === upper.length ? [lower, upper] : [write.encode(typed), write.encode(typed)];
}
