// The left-complete tree over any leaf hashes: its paths, and hashing it leaf by leaf.
//
// A tree of `n` leaves is split at the largest power of two below `n`. The same tree comes from joining neighbours level by level,
// where a lone last node is carried up unchanged.

import { hashPair } from '../hash.js';
import { keccak256 } from '../keccak.js';
import { MAX_SIBLINGS, SECTOR_SIZE } from './shape.js';

/** One sibling on the way from a leaf to the root. */
export interface Step {
  /** Level of the sibling; leaves are at 0. */
  readonly level: number;
  /** Index of the sibling among the nodes of its level. */
  readonly index: number;
  /** Whether the sibling is the left child. */
  readonly isLeft: boolean;
  /** The first leaf under it. */
  readonly first: number;
  /** Leaves under it, at least 1. */
  readonly leaves: number;
}

/** The siblings on the way from leaf `index` of a tree of `leaves` leaves up to the root. */
export function path(index: number, leaves: number): Step[] {
  const steps: Step[] = [];
  let width = 1;
  for (let level = 0, nodes = index < leaves ? leaves : 1; nodes > 1; level++) {
    const isLeft = index % 2 === 1;
    const sibling = isLeft ? index - 1 : index + 1;
    if (sibling < nodes) {
      const first = sibling * width;
      steps.push({ level, index: sibling, isLeft, first, leaves: Math.min(width, leaves - first) });
    }
    index = Math.floor(index / 2);
    nodes = Math.ceil(nodes / 2);
    width *= 2;
  }
  return steps;
}

/** Entry `h` is the root of `2^h` sectors of zeros. */
const zeroSubtrees: Uint8Array[] = [keccak256(new Uint8Array(SECTOR_SIZE))];
for (let height = 1; height <= MAX_SIBLINGS; height++) {
  const half = zeroSubtrees[height - 1] as Uint8Array;
  zeroSubtrees.push(hashPair(half, half));
}

/** The root of `2^height` sectors of zeros. */
function zeroSubtree(height: number): Uint8Array {
  const root = zeroSubtrees[height];
  if (!root) throw new RangeError(`a tree has at most ${MAX_SIBLINGS} levels, not ${height}`);
  return root;
}

/** The root of `sectors` sectors of zeros: what padding hashes to. */
export function zeroRoot(sectors: number): Uint8Array {
  const tree = new TreeHasher();
  tree.pushZeros(sectors);
  return tree.root();
}

/** Hashes a tree leaf by leaf, keeping one perfect subtree per height. */
export class TreeHasher {
  /** Leaves so far. Subtree `h` is in use exactly when bit `h` of it is set. */
  leaves = 0;
  readonly #subtrees: Uint8Array[] = [];

  /** Adds a perfect subtree of `2^height` leaves; the leaves so far must be a multiple of that. */
  push(height: number, root: Uint8Array): void {
    const width = 2 ** height;
    // Adding a subtree is adding 1 to a binary number: it joins with every one of its height.
    let high = this.leaves / width;
    let node = root;
    let at = height;
    for (; high % 2 === 1; high = (high - 1) / 2, at++) node = hashPair(this.#subtrees[at] as Uint8Array, node);
    this.#subtrees[at] = node;
    this.leaves += width;
  }

  /** Adds the sectors that `data` consists of. */
  pushSectors(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += SECTOR_SIZE) this.push(0, keccak256(data.subarray(at, at + SECTOR_SIZE)));
  }

  /** Adds `count` leaves that are sectors of zeros, in as few steps as possible. */
  pushZeros(count: number): void {
    for (let rest = count; rest > 0; ) {
      let height = 0;
      for (let width = 2; width <= rest && this.leaves % width === 0; width *= 2) height++;
      this.push(height, zeroSubtree(height));
      rest -= 2 ** height;
    }
  }

  /** The root over the leaves so far, of which there must be one. */
  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let height = 0, rest = this.leaves; rest > 0; height++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      const left = this.#subtrees[height] as Uint8Array;
      root = root ? hashPair(left, root) : left;
    }
    if (!root) throw new RangeError('a tree without leaves has no root');
    return root;
  }
}
