// Verifying parts of a file, wherever they come from.

import { SEGMENT_SIZE } from './commitment/shape.js';
import { verifySegmentData } from './commitment/proof.js';
import { FrameError, UsageError } from './errors.js';
import { decodeFrame } from './frame.js';
import { known, type FileRef, type KnownFile } from './root.js';

/** Bytes of a file, from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  /** The end of the file if absent. */
  readonly end?: number;
}

/** A range with both ends, which lies within the file. */
export function checkedRange(size: number, range: ByteRange | undefined): Required<ByteRange> {
  const { start = 0, end = size } = range ?? {};
  const isWhole = Number.isInteger(start) && Number.isInteger(end);
  if (!isWhole || start < 0 || start > end || end > size) {
    throw new UsageError(`the range ${start}..${end} is not within the file's ${size} bytes`);
  }
  return { start, end };
}

/** The indices of the segments that have bytes of a range. */
export function segmentsOf({ start, end }: Required<ByteRange>): { first: number; end: number } {
  const first = Math.floor(start / SEGMENT_SIZE);
  return start === end ? { first, end: first } : { first, end: Math.ceil(end / SEGMENT_SIZE) };
}

/** The part of a segment's bytes that lies in a range. */
export function cut(bytes: Uint8Array, index: number, { start, end }: Required<ByteRange>): Uint8Array {
  const at = index * SEGMENT_SIZE;
  return bytes.subarray(Math.max(0, start - at), Math.min(bytes.length, end - at));
}

/** As {@link verifySegment}, for a file that is known already. */
export function openFrame(file: KnownFile, index: number, frame: Uint8Array, isVerified = true): Uint8Array {
  const { siblings, data } = decodeFrame(frame);
  if (isVerified) {
    verifySegmentData(file.rootBytes, file.shape, index, data, siblings);
  } else if (data.length !== file.shape.segmentLength(index)) {
    throw new FrameError(`segment ${index} has ${data.length} bytes: expected ${file.shape.segmentLength(index)}`);
  }
  return data.subarray(0, file.shape.segmentBytes(index));
}

/**
 * Checks that a segment frame, as a provider serves it, is segment `index` of the file.
 *
 * @returns the file's bytes in this segment.
 * @throws {FrameError} if the bytes are no frame.
 * @throws {ProofError} if the segment does not lead to the file's root.
 */
export function verifySegment(file: FileRef, index: number, frame: Uint8Array): Uint8Array {
  return openFrame(known(file), index, frame);
}

/**
 * Checks the frames of all segments that have bytes of a range, in order.
 *
 * @returns the file's bytes in the range, piece by piece; each is verified before it is given.
 * @throws {FrameError | ProofError} at the first frame that is none or is of something else, or if frames are missing.
 */
export async function* verifyRange(
  file: FileRef,
  range: ByteRange,
  frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const whole = known(file);
  const wanted = checkedRange(whole.size, range);
  const segments = segmentsOf(wanted);
  let index = segments.first;
  if (index < segments.end) {
    for await (const frame of frames) {
      yield cut(openFrame(whole, index, frame), index, wanted);
      index += 1;
      if (index >= segments.end) return;
    }
  }
  if (index < segments.end) {
    throw new FrameError(`the frame of segment ${index} is missing: expected those before segment ${segments.end}`);
  }
}
