//! Numbers in what things say, and how they are drawn.

/** Milliseconds since 1970 UTC, and a value. */
export type Point = readonly [at: number, value: number];

/** The members of a JSON object that are numbers or flags. */
export function numbersIn(text: string): Map<string, number> {
  const found = new Map<string, number>();
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said !== 'object' || said === null || Array.isArray(said)) return found;
    for (const [name, value] of Object.entries(said)) {
      if (typeof value === 'number' && Number.isFinite(value)) found.set(name, value);
      else if (typeof value === 'boolean') found.set(name, Number(value));
    }
  } catch {
    // it is no JSON: nothing to draw
  }
  return found;
}

/** JSON with line breaks; what is none stays as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The least and the greatest, with room where all are the same. */
export function reach(points: readonly Point[]): [least: number, greatest: number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const [, value] of points) [least, greatest] = [Math.min(least, value), Math.max(greatest, value)];
  if (least > greatest) return [0, 1];
  return least === greatest ? [least - 1, greatest + 1] : [least, greatest];
}

/** Nothing but 0 and 1: on and off, drawn in steps. */
export const isFlag = (points: readonly Point[]): boolean => points.length > 0 && points.every(([, value]) => value === 0 || value === 1);

/** Three or so round numbers within a reach. */
export function ticks([least, greatest]: readonly [number, number], about = 3): number[] {
  const rough = (greatest - least) / about;
  if (!(rough > 0) || !Number.isFinite(rough)) return [least];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(least / step - 1e-9);
  const last = Math.floor(greatest / step + 1e-9);
  return Array.from({ length: Math.max(0, Math.min(12, last - first + 1)) }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Where values stand in a box: time to the right, greater above. */
export function scaled(points: readonly Point[], box: Box, [least, greatest] = reach(points)): { x: number; y: number }[] {
  const from = points[0]?.[0] ?? 0;
  const span = (points.at(-1)?.[0] ?? 0) - from || 1;
  return points.map(([at, value]) => ({
    x: round(box.left + ((at - from) / span) * box.width),
    y: round(box.top + box.height - ((value - least) / (greatest - least)) * box.height),
  }));
}

/** A line through them; `steps`: each holds until the next. */
export function lineThrough(places: readonly { x: number; y: number }[], steps: boolean): string {
  return places.map(({ x, y }, n) => (n === 0 ? `M${x} ${y}` : steps ? `H${x}V${y}` : `L${x} ${y}`)).join('');
}

/** Which is nearest to a place on the way from left to right. */
export function nearest(places: readonly { x: number }[], x: number): number {
  let found = 0;
  for (const [n, place] of places.entries()) if (Math.abs(place.x - x) < Math.abs((places[found]?.x ?? 0) - x)) found = n;
  return found;
}

const round = (value: number) => Math.round(value * 10) / 10;
