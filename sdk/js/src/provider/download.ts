// Downloading a file from any of its providers.

import {
  FrameError,
  NotFoundError,
  ProofError,
  ProviderError,
  UnavailableError,
  UsageError,
  WrongSegmentError,
  type Peer,
} from '../errors.js';
import { known, type FileRef, type KnownFile, type Progress } from '../root.js';
import { checkedRange, cut, openFrame, segmentsOf, type ByteRange } from '../verify.js';
import { Breather, linked, pause } from '../waiting.js';
import { getSegment } from './http.js';

/** Failures in a row after which a provider is left until all others have been tried. */
const PATIENCE = 3;
/** Pause before all providers are tried again, times the number of the round, in milliseconds. */
const ROUND_PAUSE = 500;

/** How a file is downloaded. */
export interface DownloadOptions {
  /** Bytes of the file that are wanted; all if absent. */
  range?: ByteRange;
  /** Ends the download; reading rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called as data is handed over. */
  onProgress?: (progress: Progress) => void;
  /** Called once for each provider that serves something wrong. The download goes on from the others. */
  onMisbehaviour?: (fault: WrongSegmentError) => void;
  /**
   * `false` hands over what providers send without checking that it is the file. Only of use where something else checks it:
   * a provider can then send anything.
   */
  verify?: boolean;
  /** Segments under way or waiting to be read; each takes up to 512 KiB of memory. 8 if absent. */
  window?: number;
  /** How often all providers are tried for a segment. 3 if absent. */
  rounds?: number;
  /** Limit for one segment from one provider, in milliseconds. 60,000 if absent. */
  timeout?: number;
}

/** What a download did so far. */
export interface DownloadReport {
  /** Bytes handed over. */
  readonly bytes: number;
  /** How many segments each provider delivered. */
  readonly delivered: readonly { readonly peer: Peer; readonly segments: number }[];
  /** Providers that served something wrong, each once with its first fault. */
  readonly misbehaved: readonly WrongSegmentError[];
  /** Providers that did not answer or refused, each once with its first error. */
  readonly failed: readonly ProviderError[];
}

/** A file on its way. Nothing is fetched before the first byte is read. Read it once, in one of the four ways. */
export class Download implements AsyncIterable<Uint8Array> {
  /** File id: 64 hex digits. */
  readonly file: string;
  readonly root: string;
  /** Bytes of the file. */
  readonly size: number;
  /** The bytes wanted. */
  readonly range: Required<ByteRange>;
  readonly #known: KnownFile;
  readonly #peers: readonly Peer[];
  readonly #options: DownloadOptions;
  #isRead = false;
  #bytes = 0;
  readonly #delivered = new Map<Peer, number>();
  readonly #misbehaved = new Map<Peer, WrongSegmentError>();
  readonly #failed = new Map<Peer, ProviderError>();
  readonly #failuresInARow = new Map<Peer, number>();

  constructor(file: FileRef, peers: readonly Peer[], options: DownloadOptions = {}) {
    this.#known = known(file);
    ({ file: this.file, root: this.root, size: this.size } = this.#known);
    this.range = checkedRange(this.size, options.range);
    if (peers.length === 0) throw new NotFoundError('no_provider', `no provider of file ${this.file} is known`);
    this.#peers = peers;
    this.#options = options;
  }

  /** What was done so far. */
  get report(): DownloadReport {
    return {
      bytes: this.#bytes,
      delivered: [...this.#delivered].map(([peer, segments]) => ({ peer, segments })),
      misbehaved: [...this.#misbehaved.values()],
      failed: [...this.#failed.values()],
    };
  }

  /** The bytes as a stream, fetched as they are read. */
  stream(): ReadableStream<Uint8Array> {
    const pieces = this[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await pieces.return(undefined);
        },
      },
      // Nothing is fetched that nobody reads, but for the window.
      { highWaterMark: 0 },
    );
  }

  /** All bytes at once. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const whole = new Uint8Array(this.range.end - this.range.start);
    let at = 0;
    for await (const piece of this) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** All bytes as a `Blob`, which a browser may keep on disk. */
  async blob(type = 'application/octet-stream'): Promise<Blob> {
    return new Response(this.stream(), { headers: { 'Content-Type': type } }).blob();
  }

  /** The bytes in order, in pieces of up to 256 KiB, each verified. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isRead) throw new UsageError('a download can be read once: call get again');
    this.#isRead = true;
    const { signal, onProgress } = this.#options;
    const total = this.range.end - this.range.start;
    const { first, end } = segmentsOf(this.range);
    const window = Math.max(1, this.#options.window ?? 8);
    const { controller, release } = linked(signal);
    const underWay: Promise<Uint8Array>[] = [];
    const breather = new Breather();
    let next = first;
    try {
      for (let index = first; index < end; index++) {
        for (; next < end && underWay.length < window; next++) {
          const fetching = this.#fetch(next, controller.signal);
          // It may fail before it is awaited.
          fetching.catch(() => undefined);
          underWay.push(fetching);
        }
        const segment = await (underWay.shift() as Promise<Uint8Array>);
        const wanted = cut(segment, index, this.range);
        this.#bytes += wanted.length;
        onProgress?.({ done: this.#bytes, total });
        await breather.breathe();
        yield wanted;
      }
      signal?.throwIfAborted();
    } finally {
      release();
      controller.abort();
    }
  }

  /** Fetches a segment from one provider after another. */
  async #fetch(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const { rounds = 3, timeout = 60_000, verify } = this.#options;
    // Only `false` turns it off, not what somebody left empty.
    const isVerified = verify !== false;
    for (let round = 0; round < Math.max(1, rounds); round++) {
      if (round > 0) {
        if (this.#order(index).length === 0) break;
        await pause(ROUND_PAUSE * round, signal);
        this.#failuresInARow.clear();
      }
      for (const peer of this.#order(index)) {
        // It may have been caught lying while others were asked.
        if (this.#misbehaved.has(peer)) continue;
        try {
          const frame = await getSegment(peer, this.file, index, { signal, timeout });
          const bytes = this.#open(peer, index, frame, isVerified);
          this.#delivered.set(peer, (this.#delivered.get(peer) ?? 0) + 1);
          this.#failuresInARow.delete(peer);
          return bytes;
        } catch (error) {
          this.#note(peer, error);
        }
      }
    }
    throw new UnavailableError(index, [...this.#misbehaved.values()], [...this.#failed.values()]);
  }

  #open(peer: Peer, index: number, frame: Uint8Array, isVerified: boolean): Uint8Array {
    try {
      return openFrame(this.#known, index, frame, isVerified);
    } catch (error) {
      if (error instanceof ProofError || error instanceof FrameError) throw new WrongSegmentError(peer, index, error);
      throw error;
    }
  }

  #note(peer: Peer, error: unknown): void {
    if (error instanceof WrongSegmentError) {
      if (this.#misbehaved.has(peer)) return;
      this.#misbehaved.set(peer, error);
      this.#options.onMisbehaviour?.(error);
    } else if (error instanceof ProviderError) {
      if (!this.#failed.has(peer)) this.#failed.set(peer, error);
      this.#failuresInARow.set(peer, (this.#failuresInARow.get(peer) ?? 0) + 1);
    } else {
      throw error;
    }
  }

  /**
   * The providers to ask for a segment: those that work, beginning with another one for every segment; then those that failed
   * lately. Never those that lied.
   */
  #order(index: number): Peer[] {
    const honest = this.#peers.filter((peer) => !this.#misbehaved.has(peer));
    const isLate = (peer: Peer) => (this.#failuresInARow.get(peer) ?? 0) >= PATIENCE;
    const good = honest.filter((peer) => !isLate(peer));
    const turn = good.length > 0 ? index % good.length : 0;
    return [...good.slice(turn), ...good.slice(0, turn), ...honest.filter(isLate)];
  }
}

/** Downloads a file from these providers, without asking a chain. */
export function download(file: FileRef, peers: readonly Peer[], options?: DownloadOptions): Download {
  return new Download(file, peers, options);
}
