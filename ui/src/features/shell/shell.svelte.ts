//! What floats over the page.

export interface Action {
  text: string;
  keys?: string;
  run: () => void;
}

class Shell {
  palette = $state(false);
  help = $state(false);
  /** What the palette offers besides places; the page puts it together. */
  actions: () => Action[] = () => [];
}

export const shell = new Shell();
