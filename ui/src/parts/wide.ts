//! How wide text is, without laying it out.

const FACES = { mono: ['12px', '--mono'], sans: ['13px', '--sans'], head: ['600 12px', '--sans'] } as const;
type Face = keyof typeof FACES;

const pen = document.createElement('canvas').getContext('2d');
const faces = new Map<Face, { font: string; figure: number }>();

/** Pixels of a line of text in one of the page's faces. */
export function wide(text: string, face: Face): number {
  if (!pen) return text.length * 7.2;
  const { font, figure } = known(face);
  if (pen.font !== font) pen.font = font;
  const figures = text.match(/\d/g)?.length ?? 0;
  return pen.measureText(text.replace(/\d/g, '')).width + figures * figure;
}

/** A face, and its figures' width: the page shows tabular ones, which a canvas can't draw. */
function known(face: Face) {
  let found = faces.get(face);
  if (!found) {
    const [size, family] = FACES[face];
    const font = `${size} ${getComputedStyle(document.documentElement).getPropertyValue(family)}`;
    const sample = document.createElement('span');
    sample.textContent = '0'.repeat(100);
    sample.className = 'hidden';
    sample.style.font = font;
    sample.style.width = 'auto';
    sample.style.fontVariantNumeric = 'tabular-nums'; // which setting the font has reset
    document.body.append(sample);
    found = { font, figure: sample.scrollWidth / 100 };
    sample.remove();
    faces.set(face, found);
  }
  return found;
}
