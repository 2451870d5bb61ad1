// What follows from a file's size alone: sectors, padding, segments. Counts of sectors reach 2^40, so that nothing here uses
// JavaScript's 32-bit operators.

import { SizeError, UsageError } from '../errors.js';

/** Bytes of a sector, the unit that is hashed and proven. */
export const SECTOR_SIZE = 256;
/** Sectors of a segment, the unit that is transferred. */
export const SECTORS_PER_SEGMENT = 1024;
/** Bytes of a full segment: 256 KiB. */
export const SEGMENT_SIZE = SECTOR_SIZE * SECTORS_PER_SEGMENT;
/** Most bytes of a file: 2^48 (256 TiB). */
export const MAX_SIZE = 2 ** 48;
/** Most siblings that a proof can have, and so the height of the highest tree. */
export const MAX_SIBLINGS = 40;

/** The shape of the tree over a file of a certain size. Only sizes from 1 to {@link MAX_SIZE} have one. */
export class Shape {
  /** Sectors that hold data. The last one may end with zeros that are not the file's. */
  readonly sectors: number;
  /** Sectors under the root: those with data, then whole sectors of zeros. */
  readonly paddedSectors: number;
  /** Segments that hold data. These are the ones that are transferred and stored. */
  readonly segments: number;
  /** Segments under the root. Those from {@link segments} on consist of zeros. */
  readonly paddedSegments: number;

  constructor(
    /** Bytes of the file. */
    readonly size: number,
  ) {
    if (!Number.isInteger(size) || size < 0) throw new UsageError(`a size is a whole number of bytes, found ${size}`);
    if (size === 0 || size > MAX_SIZE) throw new SizeError(size, MAX_SIZE);
    this.sectors = Math.ceil(size / SECTOR_SIZE);
    let full = 1;
    while (full < this.sectors) full *= 2;
    // Up to a multiple of a sixteenth of the full tree: at most 12.5 % of padding.
    const unit = Math.max(full / 16, 1);
    this.paddedSectors = Math.ceil(this.sectors / unit) * unit;
    this.segments = Math.ceil(this.sectors / SECTORS_PER_SEGMENT);
    this.paddedSegments = Math.ceil(this.paddedSectors / SECTORS_PER_SEGMENT);
  }

  /** Sectors of segment `index` that hold data; 0 for a segment without data. */
  segmentSectors(index: number): number {
    return within(this.sectors, index);
  }

  /** Sectors under the root of segment `index`; 0 for one outside the tree. */
  segmentSectorsPadded(index: number): number {
    return within(this.paddedSectors, index);
  }

  /** Bytes of segment `index` as it is transferred: the last one is cut to the file's end rounded up to a whole sector. */
  segmentLength(index: number): number {
    return this.segmentSectors(index) * SECTOR_SIZE;
  }

  /** Bytes of the file in segment `index`: {@link segmentLength} less the zeros that fill the last sector. */
  segmentBytes(index: number): number {
    return Math.max(0, Math.min(SEGMENT_SIZE, this.size - index * SEGMENT_SIZE));
  }
}

const within = (sectors: number, segment: number) =>
  Math.max(0, Math.min(SECTORS_PER_SEGMENT, sectors - segment * SECTORS_PER_SEGMENT));
