// Bytes that are the same in every run, and files of them.

import { createCipheriv, createHash } from 'node:crypto';
import { Builder, type Commitment } from '@noema/sdk';

/** Byte `i` is `i mod 251`. */
export const counting = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i % 251);

/** The first `size` bytes of the stream named `seed`. */
export function seeded(seed: string, size: number): Uint8Array<ArrayBuffer> {
  const key = createHash('sha256').update(seed).digest();
  return new Uint8Array(createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(size)));
}

/** `count` numbers from 1 to `most`, from the stream named `seed`. */
export function seededNumbers(seed: string, count: number, most: number): number[] {
  const view = new DataView(seeded(seed, count * 4).buffer);
  return Array.from({ length: count }, (_, i) => 1 + (view.getUint32(i * 4, true) % most));
}

/** A file with its commitment. */
export interface Sample {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly commitment: Commitment;
  readonly root: string;
  readonly file: string;
  readonly size: number;
}

export function sample(seed: string, size: number): Sample {
  const bytes = seeded(seed, size);
  const builder = new Builder();
  builder.push(bytes);
  const commitment = builder.finish();
  const hex = (hash: Uint8Array) => Buffer.from(hash).toString('hex');
  return { bytes, commitment, root: `0x${hex(commitment.root)}`, file: hex(commitment.file), size };
}
