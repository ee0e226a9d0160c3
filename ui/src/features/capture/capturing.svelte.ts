//! What is to be recorded, as the form has it; and what runs.

import { call, query, type Capture } from '../../bridge';
import { notices } from '../../lib/notices.svelte';
import { place } from '../../lib/place.svelte';
import { Pref } from '../../lib/prefs.svelte';
import { m } from '../../paraglide/messages';
import { limitOf } from './figures';

/** As typed; empty: the usual. */
export interface Options {
  snap: string;
  promiscuous: boolean;
  monitor: boolean;
  buffer: string;
  minutes: string;
  packets: string;
  megabytes: string;
  fileMegabytes: string;
  fileMinutes: string;
}

const USUAL: Options = { snap: '', promiscuous: true, monitor: false, buffer: '', minutes: '', packets: '', megabytes: '', fileMegabytes: '', fileMinutes: '' };

class Capturing {
  /** Names of interfaces. */
  chosen = $state.raw<string[]>([]);
  /** Play a file instead. */
  replay = $state(false);
  path = $state('');
  speed = $state('1');
  filter = $state('');
  authority = $state('');
  #kept = new Pref<Partial<Options>>('capture.options', {});
  options = $state<Options>({ ...USUAL, ...this.#kept.value });
  /** The form is open, even though something is being recorded. */
  open = $state(false);
  busy = $state(false);

  readonly all: Capture[] = $derived(query('captures', null).data ?? []);
  /** What this program records; another one may record into the case as well. */
  readonly running: Capture[] = $derived(this.all.filter(({ state, charted }) => state === 'recording' && charted));

  readonly #numbers = $derived({
    snap: limitOf(this.options.snap),
    buffer_mib: limitOf(this.options.buffer),
    seconds: limitOf(this.options.minutes, 60),
    packets: limitOf(this.options.packets),
    bytes: limitOf(this.options.megabytes, 1e6),
    file_bytes: limitOf(this.options.fileMegabytes, 1e6),
    file_seconds: limitOf(this.options.fileMinutes, 60),
  });
  readonly #speed = $derived(this.speed.trim() === '' ? 1 : Number(this.speed.replace(',', '.')));
  /** Some number among the options is none. */
  readonly unclear = $derived(Object.values(this.#numbers).includes(undefined) || (this.replay && !(this.#speed >= 0)));
  readonly ready = $derived(!this.unclear && !this.busy && (this.replay ? this.path.trim() !== '' : this.chosen.length > 0));

  /** Begins to record whatever is chosen. */
  async start(): Promise<void> {
    if (!this.ready) return;
    this.busy = true;
    this.#kept.value = this.options;
    const { promiscuous, monitor } = this.options;
    const { snap = null, buffer_mib = null, seconds = null, packets = null, bytes = null, file_bytes = null, file_seconds = null } = this.#numbers;
    const rest = { snap, buffer_mib, seconds, packets, bytes, file_bytes, file_seconds, filter: this.filter.trim(), promiscuous, monitor, authority: this.authority.trim() };
    const sources = this.replay ? [{ interface: '', replay: { path: this.path.trim(), speed: this.#speed } }] : this.chosen.map((name) => ({ interface: name, replay: null }));
    for (const source of sources) {
      try {
        await call('capture_start', { ...source, ...rest });
        this.chosen = this.chosen.filter((name) => name !== source.interface);
        this.open = false;
      } catch (thrown) {
        notices.fail(thrown);
      }
    }
    this.busy = false;
  }

  async seal(capture: Capture): Promise<void> {
    try {
      await call('capture_stop', { id: capture.id });
    } catch (thrown) {
      notices.fail(thrown);
    }
  }

  /** Goes where one records: the form is open, the first thing to choose has the focus. */
  ask(): void {
    this.open = true;
    if (place.view !== 'capture') place.go('capture');
    setTimeout(() => document.querySelector<HTMLElement>('[data-capture-first]')?.focus());
  }

  /** Goes to the field in which a moment is noted. */
  note(): void {
    if (place.view !== 'capture') place.go('capture');
    const field = () => document.querySelector<HTMLElement>('[data-capture-mark]');
    // At once where it is there: what is typed next belongs to it.
    if (field()) field()?.focus();
    else setTimeout(() => field()?.focus());
  }

  /** What the palette offers. */
  actions(): { text: string; keys?: string; run: () => void }[] {
    return [
      { text: m.capture_start(), keys: 'R', run: () => this.ask() },
      ...(this.running.length > 0 ? [{ text: m.capture_mark(), keys: 'M', run: () => this.note() }] : []),
      ...this.running.map((capture) => ({ text: m.capture_seal_of({ name: capture.interface }), run: () => void this.seal(capture) })),
    ];
  }
}

export const capturing = new Capturing();
