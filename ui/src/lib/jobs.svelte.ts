//! Long work that is running or has lately ended, as events tell.

import { call, onEvent, type Job } from '../bridge';

class Jobs {
  #all = $state.raw<Job[]>([]);

  readonly running = $derived(this.#all.filter((job) => job.state === 'running'));
  /** The latest that has ended and was not put away. */
  readonly ended = $derived(this.#all.filter((job) => job.state !== 'running'));

  /** Asks once for what runs and what went wrong, and listens from then on. */
  start(): void {
    onEvent((event) => event.event === 'job' && this.#put(event.job));
    void call('jobs', null).then(
      (jobs) => jobs.filter(({ state }) => state !== 'done' && state !== 'cancelled').forEach((job) => this.#put(job)),
      () => {}, // without an answer, events will tell
    );
  }

  cancel(job: Job): void {
    void call('job_cancel', { id: job.id }).catch(() => {}); // it has ended meanwhile
  }

  dismiss(job: Job): void {
    this.#all = this.#all.filter((one) => one.id !== job.id);
  }

  #put(job: Job): void {
    const others = this.#all.filter((one) => one.id !== job.id);
    this.#all = [...others, job].sort((a, b) => a.id - b.id).slice(-30);
  }
}

export const jobs = new Jobs();
