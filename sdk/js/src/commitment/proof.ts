// Verifying segments against a file's root.

import { equal, toHex } from '../bytes.js';
import { ProofError } from '../errors.js';
import { hashPair } from '../hash.js';
import { SECTORS_PER_SEGMENT, Shape } from './shape.js';
import { TreeHasher, path, zeroRoot } from './tree.js';

/** The root of segment `index` over its data as it is transferred; the zeros that pad it are added. */
export function segmentRoot(shape: Shape, index: number, data: Uint8Array): Uint8Array {
  const tree = new TreeHasher();
  tree.pushSectors(data);
  tree.pushZeros(shape.segmentSectorsPadded(index) - tree.leaves);
  return tree.root();
}

/**
 * Checks that `data` is segment `index` of the file with this root and shape.
 *
 * `data` must have exactly {@link Shape.segmentLength} bytes, with zeros behind the end of the file. `siblings` lead from the
 * segment's root to the file's, bottom to top; their number, place and side follow from the index and the shape.
 *
 * @throws {ProofError} naming what was expected and what was found.
 */
export function verifySegmentData(
  root: Uint8Array,
  shape: Shape,
  index: number,
  data: Uint8Array,
  siblings: readonly Uint8Array[],
): void {
  if (!Number.isInteger(index) || index < 0 || index >= shape.segments) {
    throw new ProofError(`segment ${index} is outside the file: expected an index below ${shape.segments}`);
  }
  const length = shape.segmentLength(index);
  if (data.length !== length) {
    throw new ProofError(`segment ${index} has ${data.length} bytes: expected ${length}`);
  }
  const end = shape.segmentBytes(index);
  if (data.subarray(end).some((byte) => byte !== 0)) {
    throw new ProofError(
      `segment ${index} has other bytes than zeros behind the end of the file, from byte ${end} on`,
    );
  }
  const steps = path(index, shape.paddedSegments);
  if (siblings.length !== steps.length) {
    throw new ProofError(`segment ${index} comes with ${siblings.length} siblings: expected ${steps.length}`);
  }
  let node = segmentRoot(shape, index, data);
  steps.forEach((step, position) => {
    const sibling = siblings[position] as Uint8Array;
    const first = step.first * SECTORS_PER_SEGMENT;
    if (first >= shape.sectors) {
      const expected = zeroRoot(Math.min(step.leaves * SECTORS_PER_SEGMENT, shape.paddedSectors - first));
      if (!equal(sibling, expected)) {
        throw new ProofError(
          `sibling ${position} of segment ${index} lies in the padding: expected ${toHex(expected)}, found ${toHex(sibling)}`,
        );
      }
    }
    node = step.isLeft ? hashPair(sibling, node) : hashPair(node, sibling);
  });
  if (!equal(node, root)) {
    throw new ProofError(`segment ${index} leads to root ${toHex(node)}: expected ${toHex(root)}`);
  }
}
