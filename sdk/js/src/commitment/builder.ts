// Committing to a file while it is read.

import { SizeError } from '../errors.js';
import { fileId, hashPair } from '../hash.js';
import { MAX_SIZE, SECTORS_PER_SEGMENT, SECTOR_SIZE, Shape } from './shape.js';
import { TreeHasher, path, zeroRoot } from './tree.js';

/** A file's commitment and what proves its segments. */
export class Commitment {
  /** The nodes with data under them, level by level: the segments' roots first, the file's root last. */
  readonly #levels: Uint8Array[][];

  constructor(
    readonly shape: Shape,
    /** Roots of the segments that hold data, in order. */
    readonly segmentRoots: readonly Uint8Array[],
  ) {
    this.#levels = levels(shape, segmentRoots);
  }

  /** Bytes of the file. */
  get size(): number {
    return this.shape.size;
  }

  /** Root of the file, the same as 0G Storage's. */
  get root(): Uint8Array {
    return this.#levels.at(-1)?.[0] as Uint8Array;
  }

  /** The file id, which binds root and size. */
  get file(): Uint8Array {
    return fileId(this.root, this.size);
  }

  /** The siblings that lead from the root of segment `index` to the file's root, bottom to top. */
  segmentSiblings(index: number): Uint8Array[] {
    if (!(index >= 0 && index < this.shape.segments)) {
      throw new RangeError(`the file has ${this.shape.segments} segments, there is none with index ${index}`);
    }
    return path(index, this.shape.paddedSegments).map(
      ({ level, index: node }) => this.#levels[level]?.[node] ?? paddingRoot(this.shape, level, node),
    );
  }
}

function levels(shape: Shape, roots: readonly Uint8Array[]): Uint8Array[][] {
  const all = [[...roots]];
  let below = all[0] as Uint8Array[];
  for (let level = 0, nodes = shape.paddedSegments; nodes > 1; level++, nodes = Math.ceil(nodes / 2)) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < below.length; i += 2) {
      const left = below[i] as Uint8Array;
      const right = below[i + 1] ?? (i + 1 < nodes ? paddingRoot(shape, level, i + 1) : undefined);
      // A lone last node is carried up.
      above.push(right ? hashPair(left, right) : left);
    }
    all.push(above);
    below = above;
  }
  return all;
}

/** The root of the node at `(level, index)` over the segments, all of it padding. */
function paddingRoot(shape: Shape, level: number, index: number): Uint8Array {
  const width = SECTORS_PER_SEGMENT * 2 ** level;
  return zeroRoot(Math.min(width, shape.paddedSectors - width * index));
}

/**
 * Computes the commitment of a file from its bytes, given in order in pieces of any length. Keeps one sector, the tree over the
 * segment being read and a hash per finished segment (about 1 MiB per GiB of file).
 */
export class Builder {
  #size = 0;
  /** The first `#filled` bytes are the sector being read. */
  readonly #sector = new Uint8Array(SECTOR_SIZE);
  #filled = 0;
  #segment = new TreeHasher();
  readonly #roots: Uint8Array[] = [];

  /** Bytes read so far. */
  get size(): number {
    return this.#size;
  }

  /** Reads the file's next bytes. */
  push(bytes: Uint8Array): void {
    if (this.#size + bytes.length > MAX_SIZE) throw new SizeError(this.#size + bytes.length, MAX_SIZE);
    this.#size += bytes.length;
    let rest = bytes;
    if (this.#filled > 0) {
      const fitting = rest.subarray(0, SECTOR_SIZE - this.#filled);
      this.#sector.set(fitting, this.#filled);
      this.#filled += fitting.length;
      rest = rest.subarray(fitting.length);
      if (this.#filled < SECTOR_SIZE) return;
      this.#pushSectors(this.#sector);
      this.#filled = 0;
    }
    while (rest.length >= SECTOR_SIZE) {
      const missing = (SECTORS_PER_SEGMENT - this.#segment.leaves) * SECTOR_SIZE;
      const sectors = rest.subarray(0, Math.min(missing, rest.length - (rest.length % SECTOR_SIZE)));
      this.#pushSectors(sectors);
      rest = rest.subarray(sectors.length);
    }
    this.#sector.set(rest);
    this.#filled = rest.length;
  }

  /** The commitment to all bytes read, of which there must be one. The builder is not to be used afterwards. */
  finish(): Commitment {
    const shape = new Shape(this.#size);
    if (this.#filled > 0) {
      this.#sector.fill(0, this.#filled);
      this.#pushSectors(this.#sector);
      this.#filled = 0;
    }
    if (this.#segment.leaves > 0) {
      const padded = shape.segmentSectorsPadded(this.#roots.length);
      this.#segment.pushZeros(padded - this.#segment.leaves);
      this.#roots.push(this.#segment.root());
    }
    return new Commitment(shape, this.#roots);
  }

  /** Adds sectors that do not reach beyond the segment. */
  #pushSectors(sectors: Uint8Array): void {
    this.#segment.pushSectors(sectors);
    if (this.#segment.leaves === SECTORS_PER_SEGMENT) {
      this.#roots.push(this.#segment.root());
      this.#segment = new TreeHasher();
    }
  }
}
