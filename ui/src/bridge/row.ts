import type { JsonValue } from './generated';

/** One row: names to values, times as RFC 3339 UTC with nine digits. `_id` names it in other requests. */
export type Row = { [key in string]?: JsonValue };
