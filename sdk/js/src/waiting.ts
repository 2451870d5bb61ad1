// Waiting: signals, time limits, pauses.

/** A signal that follows `outer`, and its own controller. Call `release` when it is no longer needed. */
export function linked(outer: AbortSignal | undefined): { controller: AbortController; release: () => void } {
  const controller = new AbortController();
  const follow = () => controller.abort(outer?.reason);
  if (outer?.aborted) follow();
  outer?.addEventListener('abort', follow, { once: true });
  return { controller, release: () => outer?.removeEventListener('abort', follow) };
}

/** What `work` comes to, unless the signal is aborted or the time is over first; `late` makes the error of the latter. */
export function within<T>(
  work: Promise<T>,
  limit: { signal?: AbortSignal | undefined; milliseconds: number; late: () => Error },
): Promise<T> {
  const { signal, milliseconds, late } = limit;
  return new Promise<T>((resolve, reject) => {
    const abort = () => end(() => reject(signal?.reason));
    const timer = setTimeout(() => end(() => reject(late())), milliseconds);
    const end = (then: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      then();
    };
    // First of all, so that a failure of the work is never one that nobody looks at.
    work.then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Waits, or rejects with the signal's reason. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Lets the event loop run when the last time is long ago, so that hashing does not freeze a page. */
export class Breather {
  #last = Date.now();

  async breathe(): Promise<void> {
    if (Date.now() - this.#last < 30) return;
    // Not by a timer: browsers hold those of hidden pages back for a second.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    });
    this.#last = Date.now();
  }
}
