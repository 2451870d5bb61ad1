// The root of a file, and files by their root.

import { equal, fromHex, toHex } from './bytes.js';
import { Builder, type Commitment } from './commitment/builder.js';
import { Shape } from './commitment/shape.js';
import { ProofError, UsageError } from './errors.js';
import { fileId } from './hash.js';
import { pieces, type Source } from './source.js';
import { Breather } from './waiting.js';

/** How far a transfer is. */
export interface Progress {
  /** Bytes done, including those that needed no transfer. */
  readonly done: number;
  /** Bytes in all. */
  readonly total: number;
}

/** A file by what determines its content. */
export interface FileRef {
  /** 0G Storage root: `0x` and 64 hex digits. */
  readonly root: string;
  /** Size in bytes. */
  readonly size: number;
}

/** A file with its id. */
export interface FileRoot extends FileRef {
  /** File id, which binds root and size: 64 hex digits without `0x`. */
  readonly file: string;
}

/** {@link FileRoot} with what its computations need. */
export interface KnownFile extends FileRoot {
  readonly rootBytes: Uint8Array;
  readonly shape: Shape;
}

/** A file of this root and this size. */
export function known({ root, size }: FileRef): KnownFile {
  const rootBytes = fromHex(root, 32);
  if (!rootBytes) throw new UsageError(`expected a root of 64 hex digits, found ${JSON.stringify(root)}`);
  const shape = new Shape(size);
  return { root: toHex(rootBytes), size, file: toHex(fileId(rootBytes, size)).slice(2), rootBytes, shape };
}

export interface RootOptions {
  signal?: AbortSignal;
  /** Called with the bytes read so far. */
  onProgress?: (done: number) => void;
}

/** Reads a source once and commits to it. */
export async function commitTo(source: Source, { signal, onProgress }: RootOptions = {}): Promise<Commitment> {
  const builder = new Builder();
  const breather = new Breather();
  for await (const piece of pieces(source)) {
    signal?.throwIfAborted();
    // A large piece in small ones, so that a page goes on living.
    for (let at = 0; at < piece.length; at += 1 << 18) {
      builder.push(piece.subarray(at, at + (1 << 18)));
      await breather.breathe();
      signal?.throwIfAborted();
    }
    onProgress?.(builder.size);
  }
  return builder.finish();
}

/**
 * Computes the root and the id of a file, reading it once: no network, and no more memory than a few pieces of the source and a
 * hash per 256 KiB of it (about 1 MiB per GiB).
 *
 * @throws {SizeError} for a source without bytes.
 */
export async function root(source: Source, options?: RootOptions): Promise<FileRoot> {
  const commitment = await commitTo(source, options);
  return { root: toHex(commitment.root), size: commitment.size, file: toHex(commitment.file).slice(2) };
}

/**
 * Checks that a source is the whole file of this root and size.
 *
 * @throws {ProofError} if it is another one.
 */
export async function verify(file: FileRef, source: Source, options?: RootOptions): Promise<void> {
  const expected = known(file);
  const commitment = await commitTo(source, options);
  if (commitment.size !== expected.size) {
    throw new ProofError(`the file has ${commitment.size} bytes: expected ${expected.size}`);
  }
  if (!equal(commitment.root, expected.rootBytes)) {
    throw new ProofError(`the file has root ${toHex(commitment.root)}: expected ${expected.root}`);
  }
}
