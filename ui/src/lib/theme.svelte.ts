//! The theme that is in view: the chosen one, or the system's.

import { theme as chosen } from './prefs.svelte';

class Theme {
  #dark = $state(false);
  readonly value: 'light' | 'dark' = $derived(chosen.value === 'system' ? (this.#dark ? 'dark' : 'light') : chosen.value);

  constructor() {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    this.#dark = dark.matches;
    dark.addEventListener('change', () => (this.#dark = dark.matches));
  }
}

export const theme = new Theme();
