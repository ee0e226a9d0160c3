//! Numbers as people read them.

const THIN = '\u202f'; // narrow no-break space

/** `12 481`: thin-space groups of three. */
export function number(value: number): string {
  if (!Number.isInteger(value)) return String(value);
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** `1.84 GB`: SI sizes, three figures. */
export function size(bytes: number): string {
  if (Math.abs(bytes) < 1000) return `${bytes}${THIN}B`;
  let unit = -1;
  let value = bytes;
  do {
    value /= 1000;
    unit++;
  } while (Math.abs(value) >= 999.5 && unit < 5);
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${THIN}${['kB', 'MB', 'GB', 'TB', 'PB', 'EB'][unit]}`;
}

/** Seconds as people say them: `120 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `10 d 16 h`. */
export function duration(seconds: number): string {
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? '−' : '';
  if (s === 0) return `0${THIN}s`;
  if (s < 0.001) return `${sign}${Math.round(s * 1e6)}${THIN}µs`;
  if (s < 0.9995) return `${sign}${Number((s * 1000).toPrecision(3))}${THIN}ms`;
  if (s < 59.95) return `${sign}${Number(s.toPrecision(3))}${THIN}s`;
  const [big, bigUnit, small, smallUnit] =
    s < 3599.5
      ? [60, 'min', 1, 's']
      : s < 86_399 // the larger unit, and what is left of it in the smaller
        ? [3600, 'h', 60, 'min']
        : [86_400, 'd', 3600, 'h'];
  const rounded = Math.round(s / small) * small;
  const rest = Math.round((rounded % big) / small);
  return `${sign}${Math.floor(rounded / big)}${THIN}${bigUnit}${rest ? ` ${rest}${THIN}${smallUnit}` : ''}`;
}

/** The last part of a path, whichever way its slashes lean. */
export const baseName = (path: string): string => path.split(/[\\/]/).filter(Boolean).pop() ?? path;

/** All but the last part. */
export const folderOf = (path: string): string => path.slice(0, path.length - baseName(path).length).replace(/[\\/]+$/, '');
