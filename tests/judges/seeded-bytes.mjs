// Bytes that are the same in every run and on every machine.

import { createCipheriv, createHash } from 'node:crypto';

/** The first `size` bytes of the stream named `seed`. */
export function seededBytes(seed, size) {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** `count` numbers from 1 to `most`, from the stream named `seed`. */
export function seededNumbers(seed, count, most) {
  const bytes = seededBytes(seed, count * 4);
  return Array.from({ length: count }, (_, i) => 1 + (bytes.readUInt32LE(i * 4) % most));
}
