//! The arithmetic of a histogram over time: buckets, pixels, brush and zoom.

/** A span of time in milliseconds since 1970 UTC. */
export interface Span {
  from: number;
  to: number;
}

export interface Buckets {
  start_ms: number;
  step_ms: number;
  series: { kind: string; counts: number[] }[];
}

/** The whole span that the buckets cover. */
export function spanOf({ start_ms, step_ms, series }: Buckets): Span {
  const count = Math.max(1, ...series.map(({ counts }) => counts.length));
  return { from: start_ms, to: start_ms + count * step_ms };
}

export interface Bar {
  kind: string;
  bucket: number;
  /** Facts below it in its bucket, and its own. */
  base: number;
  count: number;
}

/** Stacked bars, most frequent kinds at the bottom, and the height of the highest stack. */
export function stacked({ series }: Buckets): { bars: Bar[]; most: number } {
  const base: number[] = [];
  const bars: Bar[] = [];
  for (const { kind, counts } of series) {
    counts.forEach((count, bucket) => {
      const below = base[bucket] ?? 0;
      if (count > 0) bars.push({ kind, bucket, base: below, count });
      base[bucket] = below + count;
    });
  }
  return { bars, most: base.reduce((most, one) => Math.max(most, one ?? 0), 0) };
}

/** A round number not below `most`, for the top of the axis. */
export function roof(most: number): number {
  if (most <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= most) ?? most;
}

/** `factor` below 1 zooms in, so that time `at` stays where it is; never beyond `all`, never below a millisecond. */
export function zoomed(now: Span, all: Span, at: number, factor: number): Span {
  const width = Math.max(1, Math.min(all.to - all.from, (now.to - now.from) * factor));
  const share = (at - now.from) / Math.max(1, now.to - now.from);
  return within({ from: at - width * share, to: at + width * (1 - share) }, all);
}

/** The span moved, not cut, so that it lies within `all` as far as it fits. */
export function within(span: Span, all: Span): Span {
  const width = Math.min(span.to - span.from, all.to - all.from);
  const from = Math.max(all.from, Math.min(all.to - width, span.from));
  return { from: Math.round(from), to: Math.round(from + width) };
}

/** A brush of whole buckets over two times, in either order. */
export function brushed({ start_ms, step_ms }: Buckets, a: number, b: number): Span {
  const bucket = (ms: number) => Math.floor((ms - start_ms) / step_ms);
  const [first, last] = [bucket(Math.min(a, b)), bucket(Math.max(a, b))];
  return { from: start_ms + first * step_ms, to: start_ms + (last + 1) * step_ms };
}
