//! What an analyst writes of a thing, while it is being written.

import { CallError } from '../../bridge';

export class Written {
  kind = $state('light');
  name = $state('');
  exhibit = $state('');
  note = $state('');

  get all(): { kind: string; name: string; exhibit: string; note: string } {
    return { kind: this.kind, name: this.name.trim(), exhibit: this.exhibit.trim(), note: this.note.trim() };
  }
}

/** An act of a dialog: one at a time, with what went wrong as a sentence. */
export class Doing {
  busy = $state(false);
  problem = $state('');

  async run(act: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = '';
    try {
      await act();
    } catch (thrown) {
      this.problem = CallError.from(thrown).message;
    }
    this.busy = false;
  }
}
