//! Scrolling through millions of rows of one height.
//!
//! Browsers stop near 30 million pixels, so that a long table's scroll bar is scaled: dragging it moves in proportion, while the wheel and
//! the keys move by true pixels. `top` is the truth; `bar` is what the browser's scroll bar stands at.

export const ROW = 28;
/** No element gets higher than this. */
export const HIGHEST = 8_000_000;

export interface Scroll {
  /** Pixels of the whole table above the view. */
  top: number;
  /** The element's scrollTop. */
  bar: number;
}

export interface Extent {
  rows: number;
  /** Height of the part that shows rows. */
  view: number;
}

const whole = ({ rows }: Extent) => rows * ROW;

/** Height of the element that is scrolled. */
export const spacer = (extent: Extent): number => Math.min(whole(extent), HIGHEST);

/** Where `top` may be at most. */
export const lowest = (extent: Extent): number => Math.max(0, whole(extent) - extent.view);

const barLowest = (extent: Extent): number => Math.max(0, spacer(extent) - extent.view);

/** Where the bar stands for `top`. */
export function barAt(extent: Extent, top: number): number {
  if (whole(extent) <= HIGHEST) return top;
  const end = lowest(extent);
  return end === 0 ? 0 : (top / end) * barLowest(extent);
}

/** The analyst moved the bar to `bar`: by the wheel (a little) or by dragging (a lot). */
export function moved(extent: Extent, from: Scroll, bar: number): Scroll {
  if (whole(extent) <= HIGHEST) return { top: bar, bar };
  const step = bar - from.bar;
  const atEnd = bar <= 0 || bar >= barLowest(extent);
  const top =
    !atEnd && Math.abs(step) < extent.view * 2 ? from.top + step : (bar / barLowest(extent)) * lowest(extent);
  return { top: clamp(top, 0, lowest(extent)), bar };
}

/** Where to go so that row `index` is wholly in view; as little as possible. */
export function revealing(extent: Extent, top: number, index: number): number {
  const above = index * ROW;
  const below = above + ROW - extent.view;
  return clamp(top > above ? above : top < below ? below : top, 0, lowest(extent));
}

/** First row to draw, and how many: those in view and one more at either end. */
export function inView(extent: Extent, top: number): { first: number; count: number } {
  const first = clamp(Math.floor(top / ROW) - 1, 0, Math.max(0, extent.rows - 1));
  return { first, count: Math.min(extent.rows - first, Math.ceil(extent.view / ROW) + 3) };
}

/** `count` indexes from `first` on. */
export const range = (first: number, count: number): number[] => Array.from({ length: Math.max(0, count) }, (_, n) => first + n);

export const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
