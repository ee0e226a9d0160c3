//! Evidence on its way in: dropped, chosen or typed.

import { call, choose, native } from '../../bridge';
import { notices } from '../../lib/notices.svelte';
import { place } from '../../lib/place.svelte';
import { m } from '../../paraglide/messages';

class Adding {
  /** The form is open. */
  open = $state(false);
  /** One path a line. */
  text = $state('');
  copy = $state(false);
  /** Dropped in a browser, which does not say where a file lies. */
  nameless = $state.raw<string[]>([]);

  readonly paths = $derived(this.text.split('\n').map((line) => line.trim()).filter(Boolean));

  /** Asks for evidence: by the system's dialog, or in the form. */
  async ask(folder = false): Promise<void> {
    this.nameless = [];
    if (!native) {
      this.open = true;
      return;
    }
    const chosen = await choose({ folder, several: true, title: m.evidence_add() });
    if (chosen.length > 0) this.show(chosen);
  }

  /** Something was dropped: a case is opened, all else becomes evidence. */
  async dropped(paths: string[], nameless: string[]): Promise<void> {
    const [dir] = paths.filter((path) => /\.lintel[\\/]?$/i.test(path));
    if (dir === undefined) return this.show(paths, nameless);
    try {
      await call('case_open', { dir });
      place.go('evidence');
    } catch (thrown) {
      notices.fail(thrown);
    }
  }

  show(paths: string[], nameless: string[] = []): void {
    if (paths.length > 0) this.text = paths.join('\n');
    this.nameless = nameless;
    this.open = true;
  }

  async add(paths: string[], copy: boolean): Promise<void> {
    try {
      await call('evidence_add', { paths, copy });
      this.open = false;
      this.text = '';
    } catch (thrown) {
      notices.fail(thrown);
    }
  }
}

export const adding = new Adding();
