// Segment frames: a segment's data with the way from it to the file's root, as it goes over the wire.
//
// `u8` version 1 ‖ `u8` number of siblings ‖ siblings of 32 bytes, bottom to top ‖ data.

import { concat } from './bytes.js';
import { MAX_SIBLINGS, SEGMENT_SIZE } from './commitment/shape.js';
import { FrameError } from './errors.js';

const VERSION = 1;
const HEAD = 2;
const HASH = 32;

/** The longest that a frame can be, in bytes. */
export const MAX_FRAME_LENGTH = HEAD + MAX_SIBLINGS * HASH + SEGMENT_SIZE;

/** A segment as it came, not verified yet. */
export interface Frame {
  /** Siblings from the segment's root to the file's, bottom to top. */
  readonly siblings: readonly Uint8Array[];
  /** Data of the segment, up to a whole sector. */
  readonly data: Uint8Array;
}

/** Takes a frame apart without copying. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const tooShort = (expected: number) =>
    new FrameError(`the frame has ${bytes.length} bytes: expected at least ${expected}`);
  const [version, count] = bytes;
  if (version === undefined || count === undefined) throw tooShort(HEAD);
  if (version !== VERSION) throw new FrameError(`the frame has version ${version}: expected ${VERSION}`);
  if (count > MAX_SIBLINGS) {
    throw new FrameError(`the frame has ${count} siblings: expected at most ${MAX_SIBLINGS}`);
  }
  const dataAt = HEAD + count * HASH;
  if (bytes.length <= dataAt) throw tooShort(dataAt + 1);
  const data = bytes.subarray(dataAt);
  if (data.length > SEGMENT_SIZE) {
    throw new FrameError(`the frame has ${data.length} bytes of data: expected at most ${SEGMENT_SIZE}`);
  }
  const siblings = Array.from({ length: count }, (_, i) => bytes.subarray(HEAD + i * HASH, HEAD + (i + 1) * HASH));
  return { siblings, data };
}

/** Puts a frame together. */
export function encodeFrame({ siblings, data }: Frame): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(VERSION, siblings.length), ...siblings, data);
}
