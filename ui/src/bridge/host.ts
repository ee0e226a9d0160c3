import type { Event } from './generated';

/** Where the page runs: in the program's window, or in a browser. */
export interface Host {
  /** In the window: native dialogs, and drops that say where a file lies. */
  native: boolean;
  call(name: string, request: unknown): Promise<unknown>;
  /** Raw bytes of evidence. */
  bytes(request: unknown): Promise<Uint8Array>;
  /** Tells of every event until the page is left; `lost` says that events may have been missed. */
  listen(tell: (event: Event) => void, lost: () => void): void;
  /** Files or folders chosen by the analyst; none when the dialog was cancelled. */
  choose(what: Choice): Promise<string[]>;
  /** What is dragged over the page. */
  drops(tell: (drop: Drop) => void): void;
}

export type Choice = { folder: boolean; several?: boolean; title: string };

/** `paths` is empty where the host does not say where a file lies; `names` then holds what can be known. */
export type Drop =
  { at: 'over'; count: number } | { at: 'out' } | { at: 'dropped'; paths: string[]; names: string[] };

/** A command failed: a code to act on, a sentence to read. */
export class CallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** From whatever was thrown or sent. */
  static from(thrown: unknown): CallError {
    if (thrown instanceof CallError) return thrown;
    if (thrown && typeof thrown === 'object' && 'message' in thrown) {
      const code = 'code' in thrown ? String(thrown.code) : 'host';
      return new CallError(code, String(thrown.message));
    }
    return new CallError('host', String(thrown));
  }
}
