// Segment frames: those of a file verify, all others do not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameError, ProofError, SEGMENT_SIZE, UsageError, decodeFrame, encodeFrame, verifyRange, verifySegment } from '@noema/sdk';
import { sample, type Sample } from './support/content.js';
import { flipped, frameOf } from './support/provider.js';

/** One segment, a full last one, padding within the last segment, segments of padding alone. */
const SIZES = [1, 300, SEGMENT_SIZE, SEGMENT_SIZE + 1, 2 * SEGMENT_SIZE, 5 * SEGMENT_SIZE + 700, 17 * SEGMENT_SIZE + 1];
const samples = SIZES.map((size) => sample(`proof ${size}`, size));
const segmentsOf = ({ commitment }: Sample) => Array.from({ length: commitment.shape.segments }, (_, index) => index);

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

test('every segment of a file verifies and gives the bytes of the file', () => {
  for (const file of samples) {
    const parts = segmentsOf(file).map((index) => verifySegment(file, index, frameOf(file, index)));
    assert.ok(Buffer.concat(parts).equals(file.bytes), `${file.size} bytes`);
  }
});

test('a segment of something else does not verify', () => {
  for (const file of samples) {
    for (const index of segmentsOf(file)) {
      const frame = frameOf(file, index);
      const { siblings, data } = decodeFrame(frame);
      assert.throws(() => verifySegment(file, index, flipped(frame)), ProofError);
      assert.throws(() => verifySegment(file, index + 1, frame), ProofError);
      assert.throws(() => verifySegment(file, index, encodeFrame({ siblings, data: data.subarray(256) })), /expected/);
      assert.throws(
        () => verifySegment(file, index, encodeFrame({ siblings: [...siblings, new Uint8Array(32)], data })),
        /siblings: expected/,
      );
      siblings.forEach((_, position) => {
        const others = siblings.map((sibling, i) => (i === position ? sibling.map((byte) => byte ^ 255) : sibling));
        assert.throws(() => verifySegment(file, index, encodeFrame({ siblings: others, data })), ProofError);
      });
    }
  }
});

test('bytes behind the end of the file must be zero', () => {
  const file = sample('end', 300);
  const { siblings, data } = decodeFrame(frameOf(file, 0));
  const other = data.slice();
  other[300] = 1;
  assert.throws(() => verifySegment(file, 0, encodeFrame({ siblings, data: other })), /behind the end of the file, from byte 300/);
});

test('what is no frame is refused', () => {
  const file = samples[0] as Sample;
  const cases: [number[], RegExp][] = [
    [[], /expected at least 2/],
    [[1, 0], /expected at least 3/],
    [[2, 0, 0], /version 2: expected 1/],
    [[1, 41, 0], /41 siblings: expected at most 40/],
    [[1, 1, 0], /expected at least 35/],
  ];
  for (const [bytes, expected] of cases) {
    assert.throws(
      () => verifySegment(file, 0, Uint8Array.from(bytes)),
      (error) => error instanceof FrameError && expected.test(error.message),
    );
  }
  assert.throws(() => verifySegment(file, 0, new Uint8Array(SEGMENT_SIZE + 3).fill(0).fill(1, 0, 1)), /at most 262144/);
});

test('a range is cut out of verified segments', async () => {
  const file = sample('range', 3 * SEGMENT_SIZE + 1000);
  const ranges = [
    [0, file.size],
    [0, 0],
    [5, 5],
    [10, 20],
    [SEGMENT_SIZE - 1, SEGMENT_SIZE + 1],
    [SEGMENT_SIZE, 2 * SEGMENT_SIZE],
    [3 * SEGMENT_SIZE + 999, file.size],
  ] as const;
  for (const [start, end] of ranges) {
    const [first, last] = [Math.floor(start / SEGMENT_SIZE), Math.ceil(end / SEGMENT_SIZE)];
    const frames = segmentsOf(file).slice(first, last).map((index) => frameOf(file, index));
    const got = await collect(verifyRange(file, { start, end }, frames));
    assert.ok(got.equals(file.bytes.subarray(start, end)), `${start}..${end}`);
  }
});

test('a range of wrong or missing frames fails, after the bytes that are right', async () => {
  const file = sample('broken range', 3 * SEGMENT_SIZE);
  const frames = segmentsOf(file).map((index) => frameOf(file, index));
  const broken = [frames[0], flipped(frames[1] as Uint8Array), frames[2]] as Uint8Array[];
  const pieces = verifyRange(file, { start: 0 }, broken);
  assert.equal((await pieces.next()).value?.length, SEGMENT_SIZE);
  await assert.rejects(pieces.next(), ProofError);
  await assert.rejects(collect(verifyRange(file, { start: 0 }, frames.slice(0, 2))), /segment 2 is missing/);
  await assert.rejects(collect(verifyRange(file, { start: 0, end: file.size + 1 }, frames)), UsageError);
});
