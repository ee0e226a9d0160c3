//! Bytes on the screen: lines of sixteen, and which bytes a field covers.

/** Bytes from hex digits; what is no pair of digits ends it. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let n = 0; n < bytes.length; n++) {
    const byte = Number.parseInt(text.slice(2 * n, 2 * n + 2), 16);
    if (Number.isNaN(byte)) return bytes.slice(0, n);
    bytes[n] = byte;
  }
  return bytes;
}

export const toHex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** A byte as a person reads it beside the hex: printable ASCII, else a dot. */
export const asAscii = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·');

/** Bytes from `start` up to, not including, `end`. */
export interface Range {
  start: number;
  end: number;
}

export const covers = (range: Range | undefined, at: number): boolean =>
  range !== undefined && at >= range.start && at < range.end;

/** The part of `range` within the line that begins at `line`, counted from that line's start; none if it has no part in it. */
export function onLine(range: Range | undefined, line: number, width = 16): Range | undefined {
  if (!range) return undefined;
  const start = Math.max(range.start, line) - line;
  const end = Math.min(range.end, line + width) - line;
  return start < end ? { start, end } : undefined;
}

/** Of nested ranges, the innermost that covers byte `at` of `source`: the smallest, and among equals the deepest. */
export function innermost<T extends Range & { source: number; depth: number }>(
  nodes: readonly T[],
  source: number,
  at: number,
): number | undefined {
  let best: number | undefined;
  nodes.forEach((node, index) => {
    if (node.source !== source || !covers(node, at)) return;
    const held = best === undefined ? undefined : nodes[best];
    const size = node.end - node.start;
    const heldSize = held ? held.end - held.start : Infinity;
    if (size < heldSize || (size === heldSize && node.depth >= (held?.depth ?? 0))) best = index;
  });
  return best;
}

/** The text of an offset: as many hex digits as the last one needs, at least four. */
export const offsetDigits = (length: number): number => Math.max(4, Math.max(0, length - 1).toString(16).length);
