//! What the parts of the bench share: how it stands, what may be done, and which dialog is open.

import { getContext, setContext } from 'svelte';
import { call, type KindRow, type SceneText, type ThingRow } from '../../bridge';
import { jobs } from '../../lib/jobs.svelte';
import { notices } from '../../lib/notices.svelte';
import { m } from '../../paraglide/messages';
import { live } from './live.svelte';

export type Asked =
  | { what: 'register' }
  | { what: 'import' }
  | { what: 'mosquitto' }
  | { what: 'allow' }
  | { what: 'change'; thing: ThingRow }
  | { what: 'bundle'; thing: ThingRow }
  | { what: 'command'; thing: ThingRow; command: string }
  | { what: 'play'; scene: SceneText };

class Work {
  readonly state = live('bench_state', () => null);
  readonly kinds = live('thing_kinds', () => null, 5000);
  /** The dialog that is open. */
  asked = $state.raw<Asked>();
  /** The reason under which commands go out without being shown first. */
  #trusted = $state('');

  readonly running: boolean = $derived(this.state.data?.running ?? false);
  /** Why the scene may be changed; empty: it may not. */
  readonly allowed: string = $derived((this.running && this.state.data?.allowed) || '');
  readonly trusted: boolean = $derived(this.allowed !== '' && this.#trusted === this.allowed);
  /** Why what changes the scene can't be used now; empty: it can. */
  readonly barred: string = $derived(!this.running ? m.bench_barred_stopped() : this.allowed === '' ? m.bench_barred() : '');

  /** Jobs that play a scene, until they have said how it went: the status bar belongs to the recording. */
  #playing = new Set<number>();

  constructor() {
    $effect(() => this.#tell());
  }

  #tell(): void {
    for (const job of jobs.ended) {
      if (!this.#playing.delete(job.id)) continue;
      if (job.state === 'done') notices.tell(job.message);
      else notices.fail(new Error(job.message));
    }
  }

  /** Tells how it went once the job has ended. */
  follow(job: number): void {
    this.#playing.add(job);
    this.#tell(); // a short one may have ended before its number was known
  }

  kind(name: string): KindRow | undefined {
    return this.kinds.data?.find((kind) => kind.name === name);
  }

  trust(): void {
    this.#trusted = this.allowed;
  }

  /** Shows what a command would send, or sends it where that was agreed. */
  command(thing: ThingRow, command: string): void {
    if (this.barred) notices.fail(new Error(this.barred));
    else if (this.trusted) void this.send(thing, command);
    else this.asked = { what: 'command', thing, command };
  }

  async send(thing: ThingRow, command: string): Promise<boolean> {
    try {
      const sent = await call('thing_command', { id: thing.id, command, dry: false });
      const told = { command, name: thing.name || thing.id };
      if (sent.connected) notices.tell(m.bench_sent(told));
      else notices.fail(new Error(m.bench_sent_to_nobody(told)));
      return true;
    } catch (thrown) {
      notices.fail(thrown);
      return false;
    }
  }

  async forbid(): Promise<void> {
    await this.#try(() => call('bench_allow', { reason: '' }));
  }

  async stop(): Promise<void> {
    await this.#try(() => call('bench_stop', null));
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      notices.fail(thrown);
    }
    this.state.again();
  }
}

const KEY = Symbol('bench');
/** Of the view, for all its parts. */
export const begin = (): Work => setContext(KEY, new Work());
export const work = (): Work => getContext<Work>(KEY);
