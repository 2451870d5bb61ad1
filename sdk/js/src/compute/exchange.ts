// One request to a gateway: sent once, read with patience and not without end.

import { concat } from '../bytes.js';
import { ProviderError, type Peer } from '../errors.js';
import { address, clean, innermost } from '../provider/http.js';
import { linked, within } from '../waiting.js';

/** The request header with the voucher. */
const VOUCHER_HEADER = 'noema-voucher';

/** How requests are made. */
export interface ExchangeOptions {
  signal?: AbortSignal | undefined;
  /** How long a gateway may take until an answer begins, and between two pieces of it, in milliseconds. */
  timeout: number;
  fetch: typeof fetch;
}

/** An answer that has begun. Close it in the end. */
export class Exchange {
  readonly #peer: Peer;
  readonly #response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #options: ExchangeOptions;
  readonly #end: () => void;

  private constructor(peer: Peer, response: Response, options: ExchangeOptions, end: () => void) {
    this.#peer = peer;
    this.#response = response;
    this.#reader = response.body?.getReader();
    this.#options = options;
    this.#end = end;
  }

  /** Sends a request that a voucher pays for; `body` is JSON. */
  static async begin(
    peer: Peer,
    path: string,
    voucher: string,
    body: Uint8Array<ArrayBuffer> | undefined,
    options: ExchangeOptions,
  ): Promise<Exchange> {
    const { signal, timeout } = options;
    const url = address(peer, path);
    signal?.throwIfAborted();
    const { controller, release } = linked(signal);
    const end = () => {
      release();
      // Whatever of the answer was not read is not wanted.
      controller.abort();
    };
    const sending = options.fetch(url, {
      method: 'POST',
      headers: { [VOUCHER_HEADER]: voucher, ...(body ? { 'Content-Type': 'application/json' } : {}) },
      ...(body ? { body } : {}),
      signal: controller.signal,
      // An endpoint is what was announced on chain and nothing it points to.
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
    const late = () => new ProviderError('unreachable', peer, `does not begin to answer within ${timeout / 1000} s`);
    try {
      const response = await within(sending, { signal, milliseconds: timeout, late });
      return new Exchange(peer, response, options, end);
    } catch (cause) {
      end();
      if (signal?.aborted) throw signal.reason;
      if (cause instanceof ProviderError) throw cause;
      throw new ProviderError('unreachable', peer, `does not answer: ${innermost(cause)}`, undefined, undefined, { cause });
    }
  }

  get status(): number {
    return this.#response.status;
  }

  header(name: string): string | undefined {
    return this.#response.headers.get(name) ?? undefined;
  }

  /** What comes next of the body; `undefined` at its end. */
  async next(): Promise<Uint8Array | undefined> {
    const { signal, timeout } = this.#options;
    const late = () => new ProviderError('broke_off', this.#peer, `falls silent for ${timeout / 1000} s`);
    try {
      if (!this.#reader) return undefined;
      const { value } = await within(this.#reader.read(), { signal, milliseconds: timeout, late });
      return value;
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (cause instanceof ProviderError) throw cause;
      throw new ProviderError('broke_off', this.#peer, `breaks off its answer: ${innermost(cause)}`, undefined, undefined, { cause });
    }
  }

  /** The whole body, of at most `limit` bytes. */
  async whole(limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let part = await this.next(); part; part = await this.next()) {
      length += part.length;
      if (length > limit) throw new ProviderError('bad_answer', this.#peer, `gives an answer longer than ${limit} bytes`);
      parts.push(part);
    }
    return concat(...parts);
  }

  close(): void {
    this.#end();
  }
}

/** The code and the message of an error in OpenAI's form. */
export function errorOf(json: unknown): { code: string; message: string } {
  const error = (json as { error?: { code?: unknown; message?: unknown } } | null | undefined)?.error;
  return { code: clean(error?.code) ?? 'unknown', message: clean(error?.message) ?? 'no reason given' };
}
