// Where a file's bytes come from.

import { SEGMENT_SIZE } from './commitment/shape.js';
import { SourceError, UsageError } from './errors.js';

/** Anything whose bytes can be read at any place, again and again: `@noema/sdk/node` makes one of a path. */
export interface RandomAccess {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from `start` to before `end`, all of them. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** What can be read once, from the beginning to the end. */
export type Stream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** What can be read again: an upload needs the bytes after the root is known. A `File` is a `Blob`. */
export type Rereadable = Uint8Array | Blob | RandomAccess;

/** What a root can be computed of. */
export type Source = Rereadable | Stream;

const isBlob = (source: object): source is Blob => typeof Blob !== 'undefined' && source instanceof Blob;
const isRandomAccess = (source: object): source is RandomAccess =>
  typeof source === 'object' && 'read' in source && typeof source.read === 'function' && 'size' in source && typeof source.size === 'number';

/** A source as one that can be read at any place. */
export function randomAccess(source: Rereadable): RandomAccess {
  if (source instanceof Uint8Array) {
    return { size: source.length, read: async (start, end) => source.subarray(start, end) };
  }
  if (source && isBlob(source)) {
    return {
      size: source.size,
      read: async (start, end) => new Uint8Array(await source.slice(start, end).arrayBuffer()),
    };
  }
  if (source && isRandomAccess(source)) return source;
  throw new UsageError(
    'expected a Uint8Array, a Blob, a File or a RandomAccess, which can be read twice: once for the root, once to upload. ' +
      'Collect a stream first, for example with `await new Response(stream).blob()`',
  );
}

/** Reads a part of a source; an error if it is not there in full. */
export async function readPart(source: RandomAccess, start: number, end: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await source.read(start, end);
  } catch (cause) {
    throw new SourceError('unreadable', `the bytes from ${start} to ${end} cannot be read: ${String(cause)}`, { cause });
  }
  if (bytes.length !== end - start) {
    throw new SourceError(
      'source_changed',
      `the source has ${bytes.length} bytes from ${start} on: expected ${end - start}; has it changed?`,
    );
  }
  return bytes;
}

/** The bytes of a source in order, in pieces of any length. */
export async function* pieces(source: Source): AsyncGenerator<Uint8Array, void, undefined> {
  if (source && !(source instanceof Uint8Array) && typeof source === 'object') {
    if ('getReader' in source) return yield* ofStream(source);
    if (Symbol.asyncIterator in source) {
      for await (const piece of source) yield checked(piece);
      return;
    }
  }
  const all = randomAccess(source as Rereadable);
  for (let at = 0; at < all.size; at += SEGMENT_SIZE) {
    yield await readPart(all, at, Math.min(at + SEGMENT_SIZE, all.size));
  }
}

/** By hand: not every browser can iterate over a stream. */
async function* ofStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield checked(value);
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

function checked(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new UsageError(`expected the source to yield Uint8Array, found ${typeof piece}`);
}
