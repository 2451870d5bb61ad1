// The newest value of something that keeps changing.

/** Anything that can be subscribed to, such as PAPI's observables. */
export interface Subscribable<T> {
  subscribe(observer: { next: (value: T) => void; error: (error: unknown) => void; complete: () => void }): {
    unsubscribe(): void;
  };
}

/** Gives the newest value that was not given yet; values in between are passed over. */
export class Latest<T> {
  #value: { value: T } | undefined;
  #end: { error: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #subscription: { unsubscribe(): void };

  constructor(source: Subscribable<T>) {
    this.#subscription = source.subscribe({
      next: (value) => {
        this.#value = { value };
        this.#wake?.();
      },
      error: (error) => {
        this.#end = { error };
        this.#wake?.();
      },
      complete: () => {
        this.#end = { error: new Error('the connection was closed') };
        this.#wake?.();
      },
    });
  }

  async next(): Promise<T> {
    while (!this.#value) {
      if (this.#end) throw this.#end.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const { value } = this.#value;
    this.#value = undefined;
    return value;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}
