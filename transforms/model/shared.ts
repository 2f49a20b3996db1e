/** Values that are dear to make and that many users in a process may share. */

/** One user's hold on a value. */
export interface Hold<T> {
  readonly value: T;
  /** Says that this user needs it no more. Calling it again does nothing. */
  release(): void;
}

interface Entry<T> {
  readonly made: Promise<T>;
  users: number;
  idle?: ReturnType<typeof setTimeout>;
}

/**
 * Makes each value once a process, whoever asks first; others wait for it. Users are counted: a value that has none for `idleMs` is closed, so that one
 * user after another finds it still there. A value that could not be made is not kept, and the next user tries again.
 */
export class SharedValues<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(
    private readonly close: (value: T) => Promise<void> | undefined,
    private readonly idleMs: number,
  ) {}

  /** Throws what `make` throws. */
  async take(key: string, make: () => Promise<T>): Promise<Hold<T>> {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { made: make(), users: 0 };
      this.entries.set(key, entry);
    }
    entry.users++;
    clearTimeout(entry.idle);
    const own = entry;
    let value: T;
    try {
      value = await own.made;
    } catch (error) {
      if (this.entries.get(key) === own) this.entries.delete(key);
      throw error;
    }
    let held = true;
    return {
      value,
      release: () => {
        if (held) this.leave(key, own, value);
        held = false;
      },
    };
  }

  private leave(key: string, entry: Entry<T>, value: T): void {
    entry.users--;
    if (entry.users > 0) return;
    entry.idle = setTimeout(() => {
      this.entries.delete(key);
      // Nobody is left to be told.
      this.close(value)?.catch(() => undefined);
    }, this.idleMs);
    entry.idle.unref();
  }
}
