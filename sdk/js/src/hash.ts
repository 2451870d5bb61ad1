// The two hash functions of a commitment, and the file id.

import { blake2b } from '@noble/hashes/blake2.js';
import { concat, u64 } from './bytes.js';
import { keccak256 } from './keccak.js';

/** BLAKE2b with 32 bytes of output. */
export const blake2b256 = (data: Uint8Array): Uint8Array => blake2b(data, { dkLen: 32 });

/** ASCII text as bytes. */
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const pair = new Uint8Array(64);

/** Hash of an inner node: Keccak-256 of the two children, without prefix. */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 0);
  pair.set(right, 32);
  return keccak256(pair);
}

const FILE_DOMAIN = ascii('noema/file/v1');

/** The file id: `blake2b256("noema/file/v1" ‖ root ‖ size as u64 LE)`. Unlike the root it binds the size. */
export const fileId = (root: Uint8Array, size: number): Uint8Array => blake2b256(concat(FILE_DOMAIN, root, u64(size)));
