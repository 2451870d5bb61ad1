// Uploading a file to one provider.

import { equal } from '../bytes.js';
import type { Commitment } from '../commitment/builder.js';
import { segmentRoot } from '../commitment/proof.js';
import { SEGMENT_SIZE } from '../commitment/shape.js';
import { ProviderError, SourceError, type Peer } from '../errors.js';
import { encodeFrame } from '../frame.js';
import type { KnownFile, Progress } from '../root.js';
import { readPart, type RandomAccess } from '../source.js';
import { linked, pause } from '../waiting.js';
import { fileStatus, putSegment, type FileStatus } from './http.js';

/** Pause while the provider has not seen the deal yet, in milliseconds. */
const DEAL_PAUSE = 500;
/** How many ranges of missing segments a provider lists. */
const MAX_RANGES = 1000;

/** How a file is uploaded. */
export interface UploadOptions {
  /** Segments under way at the same time; each takes 512 KiB of memory. */
  readonly concurrency: number;
  /** How often one segment is tried before the upload fails. */
  readonly attempts: number;
  /** How long to wait for the provider to see the deal in finalised state, in milliseconds. */
  readonly waitForDeal: number;
  /** Limit for one request, in milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** Called as segments are acknowledged. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What an upload did. */
export interface UploadReport {
  /** Segments sent. */
  readonly sent: number;
  /** Segments that the provider had already. */
  readonly skipped: number;
  /** Bytes of data sent. */
  readonly bytes: number;
}

/** What all tasks of an upload share. */
export interface Load {
  readonly source: RandomAccess;
  readonly commitment: Commitment;
  readonly file: KnownFile;
  readonly peer: Peer;
  /** The token, as the value of an `Authorization` header. */
  readonly authorization: string;
}

/** Uploads a file to one provider, leaving out what it has: an upload that broke off goes on where it was. */
export function upload(load: Load, options: UploadOptions): Promise<UploadReport> {
  return new Upload(load, options).run();
}

class Upload {
  readonly #load: Load;
  readonly #options: UploadOptions;
  #done = 0;

  constructor(load: Load, options: UploadOptions) {
    this.#load = load;
    this.#options = options;
  }

  async run(): Promise<UploadReport> {
    let status = await this.#waitForDeal();
    const skipped = status.have;
    let sent = 0;
    let bytes = 0;
    if (status.missing.length < MAX_RANGES) {
      let missing = 0;
      for (const index of this.#missing(status)) missing += this.#length(index);
      this.#advance(this.#load.file.size - missing);
    }
    // One round unless the list of what is missing was cut, or the provider lost something.
    for (let rounds = 0; !status.complete; ) {
      const round = await this.#sendAll(this.#missing(status));
      sent += round.segments;
      bytes += round.bytes;
      const before = status.have;
      status = (await this.#status()) ?? this.#lostDeal();
      rounds = status.have > before ? 0 : rounds + 1;
      if (!status.complete && rounds >= this.#options.attempts) {
        const reason = `acknowledges segments and still has only ${status.have} of ${status.segments}`;
        throw new ProviderError('bad_answer', this.#load.peer, reason);
      }
    }
    this.#done = 0;
    this.#advance(this.#load.file.size);
    return { sent, skipped, bytes };
  }

  /** Sends segments, several at a time; the first failure ends all. */
  async #sendAll(indices: Iterable<number>): Promise<{ segments: number; bytes: number }> {
    const { controller, release } = linked(this.#options.signal);
    const queue = indices[Symbol.iterator]();
    let segments = 0;
    let bytes = 0;
    const worker = async () => {
      for (let next = queue.next(); !next.done; next = queue.next()) {
        // Not `bytes += await …`, which would read the sum before it waits.
        const length = await this.#send(next.value, controller.signal);
        bytes += length;
        segments += 1;
      }
    };
    const workers = Array.from({ length: Math.max(1, this.#options.concurrency) }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      controller.abort(error);
      await Promise.allSettled(workers);
      throw error;
    } finally {
      release();
    }
    return { segments, bytes };
  }

  /** Sends one segment, again and again if need be, and returns its bytes. */
  async #send(index: number, signal: AbortSignal): Promise<number> {
    const { commitment, file, peer, authorization } = this.#load;
    const { attempts, timeout } = this.#options;
    const data = await this.#read(index);
    const frame = encodeFrame({ siblings: commitment.segmentSiblings(index), data });
    for (let attempt = 1; ; attempt++) {
      try {
        await putSegment(peer, file.file, index, frame, authorization, { signal, timeout });
        break;
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        if (error.status === 422 && this.#isChanged(index, data)) {
          const message = `the source changed after its root was computed: segment ${index} is different; put it again`;
          throw new SourceError('source_changed', message, { cause: error });
        }
        if (!error.isPassing || attempt >= attempts) throw error;
        await pause(200 * 2 ** Math.min(attempt, 5), signal);
      }
    }
    this.#advance(this.#length(index));
    return this.#length(index);
  }

  async #read(index: number): Promise<Uint8Array> {
    const { source, file } = this.#load;
    const start = index * SEGMENT_SIZE;
    const bytes = await readPart(source, start, start + this.#length(index));
    const length = file.shape.segmentLength(index);
    if (bytes.length === length) return bytes;
    const data = new Uint8Array(length);
    data.set(bytes);
    return data;
  }

  #isChanged(index: number, data: Uint8Array): boolean {
    const { commitment, file } = this.#load;
    return !equal(segmentRoot(file.shape, index, data), commitment.segmentRoots[index] as Uint8Array);
  }

  /** The provider sees a deal a little after it is final. */
  async #waitForDeal(): Promise<FileStatus> {
    const until = Date.now() + this.#options.waitForDeal;
    for (;;) {
      try {
        const status = await this.#status();
        if (status) return status;
        if (Date.now() >= until) this.#lostDeal();
      } catch (error) {
        if (!(error instanceof ProviderError && error.isPassing && Date.now() < until)) throw error;
      }
      await pause(DEAL_PAUSE, this.#options.signal);
    }
  }

  async #status(): Promise<FileStatus | undefined> {
    const { file, peer } = this.#load;
    const { signal, timeout } = this.#options;
    const status = await fileStatus(peer, file.file, { signal, timeout });
    if (status && (status.file !== file.file || status.root !== file.root || status.size !== file.size)) {
      const reason = `describes another file than ${file.file}: it is on another chain or faulty`;
      throw new ProviderError('bad_answer', peer, reason);
    }
    return status;
  }

  #lostDeal(): never {
    const reason = 'has no deal for the file in finalised state';
    throw new ProviderError('refused', this.#load.peer, reason, 404, 'unknown_file');
  }

  /** The segments that are missing, whatever a provider says beyond the file. */
  *#missing(status: FileStatus): Generator<number, void, undefined> {
    const last = this.#load.file.shape.segments - 1;
    for (const [from, to] of status.missing.slice(0, MAX_RANGES)) {
      for (let index = from; index <= Math.min(to, last); index++) yield index;
    }
  }

  /** Bytes of the file in a segment. */
  #length(index: number): number {
    return this.#load.file.shape.segmentBytes(index);
  }

  #advance(bytes: number): void {
    const total = this.#load.file.size;
    this.#done = Math.min(this.#done + bytes, total);
    this.#options.onProgress?.({ done: this.#done, total });
  }
}
