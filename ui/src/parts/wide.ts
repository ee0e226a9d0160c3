//! How wide text is, without laying it out.

const pen = document.createElement('canvas').getContext('2d');
const FONTS: Record<'mono' | 'sans' | 'head', string> = { mono: '12px --mono', sans: '13px --sans', head: '600 12px --sans' };

/** Pixels of a line of text in one of the page's faces. */
export function wide(text: string, face: keyof typeof FONTS): number {
  if (!pen) return text.length * 7.2;
  const font = FONTS[face].replace(/--\w+$/, (name) => getComputedStyle(document.documentElement).getPropertyValue(name));
  if (pen.font !== font) pen.font = font;
  return pen.measureText(text.replace(/\d/g, '0')).width; // figures are all as wide as the nought
}
