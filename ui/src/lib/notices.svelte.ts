//! Short notes that something was done or failed.

export interface Notice {
  id: number;
  text: string;
  bad: boolean;
}

class Notices {
  list = $state.raw<Notice[]>([]);
  #last = 0;

  /** Something was done: goes away by itself. */
  tell(text: string): void {
    const id = this.#put(text, false);
    setTimeout(() => this.dismiss(id), 4000);
  }

  /** Something failed: stays until it is put away. */
  fail(thrown: unknown): void {
    this.#put(thrown instanceof Error ? thrown.message : String(thrown), true);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #put(text: string, bad: boolean): number {
    this.list = [...this.list.slice(-3), { id: ++this.#last, text, bad }];
    return this.#last;
  }
}

export const notices = new Notices();
