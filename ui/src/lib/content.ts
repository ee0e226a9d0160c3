//! What can be shown of a file without rendering anything that could act: plain text, and images of two simple kinds.

export type Content = { length: number; whole: boolean } & ({ kind: 'image'; url: string } | { kind: 'text'; text: string } | { kind: 'other' });

/** Text beyond this is not shown. */
const MOST_TEXT = 16 << 10;

export function contentOf(hex: string, whole: boolean): Content {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const about = { length: bytes.length, whole };
  const image = whole ? imageType(bytes) : undefined;
  if (image) return { ...about, kind: 'image', url: `data:${image};base64,${base64(bytes)}` };
  const text = textOf(bytes.subarray(0, MOST_TEXT));
  return text === undefined ? { ...about, kind: 'other' } : { ...about, kind: 'text', text: bytes.length > MOST_TEXT ? `${text}…` : text };
}

/** By the first bytes, never by what a sender says. SVG is no picture here: it is a document. */
function imageType(bytes: Uint8Array): string | undefined {
  const begins = (...with_: number[]) => with_.every((byte, at) => bytes[at] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  return begins(0xff, 0xd8, 0xff) ? 'image/jpeg' : undefined;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    // The last character may be cut.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return text !== '' && !/[\0-\x08\x0e-\x1f\x7f]/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
