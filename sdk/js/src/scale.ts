// SCALE, as far as what is signed needs it: fields one after the other, numbers little-endian.

import { concat } from './bytes.js';
import { FormatError, UsageError } from './errors.js';

/** Writes fields one after the other. */
export class Writer {
  readonly #parts: Uint8Array[] = [];

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** A whole number of so many bits; `name` says whose it is when it does not fit. */
  uint(bits: 8 | 16 | 32 | 64 | 128, value: number | bigint, name: string): this {
    const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
    if (!isWhole || value < 0 || BigInt(value) >= 1n << BigInt(bits)) {
      throw new UsageError(`${name}: expected a whole number of at most ${bits} bits, found ${value}`);
    }
    let rest = BigInt(value);
    const bytes = new Uint8Array(bits / 8);
    for (let at = 0; at < bytes.length; at++, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
    return this.bytes(bytes);
  }

  /** Bytes with their length, which is below 2^14, before them. */
  sized(bytes: Uint8Array): this {
    return this.bytes(compact(bytes.length)).bytes(bytes);
  }

  /** Everything that was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return concat(...this.#parts);
  }
}

/** Reads fields one after the other, or says that they are no `what`. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const left = this.#bytes.length - this.#at;
    if (left < length) throw this.#wrong(`expected ${length} bytes at byte ${this.#at}, found ${left}`);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  uint(bits: 8 | 16 | 32 | 64 | 128): bigint {
    return this.bytes(bits / 8).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  /** The number of a variant, one of 0 to `count`, without it. */
  variant(count: number, name: string): number {
    const index = Number(this.uint(8));
    if (index >= count) throw this.#wrong(`${name}: expected a variant below ${count}, found ${index}`);
    return index;
  }

  /** Bytes with their length before them: at most `most`, which is below 2^14. */
  sized(most: number, name: string): Uint8Array<ArrayBuffer> {
    const first = Number(this.uint(8));
    const isLong = (first & 3) === 1;
    const length = isLong ? ((Number(this.uint(8)) << 8) | first) >> 2 : first >> 2;
    // One form for one length.
    if ((first & 3) > 1 || (isLong && length < 64) || length > most) {
      throw this.#wrong(`${name}: expected at most ${most} bytes`);
    }
    return this.bytes(length);
  }

  /** Nothing comes behind what was read. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.#wrong(`expected nothing behind it, found ${left} bytes`);
  }

  #wrong(reason: string): FormatError {
    return new FormatError(this.#what, reason);
  }
}

/** A length below 2^14 in SCALE's compact form. */
export function compact(length: number): Uint8Array {
  if (length < 1 << 6) return Uint8Array.of(length << 2);
  if (length >= 1 << 14) throw new UsageError(`expected fewer than ${1 << 14} bytes, found ${length}`);
  const value = (length << 2) | 1;
  return Uint8Array.of(value & 0xff, value >> 8);
}
