// Hashes of requests and responses: SHA-256 of the bytes as they were sent.

import { sha256 } from '@noble/hashes/sha2.js';
import { concat, toHex, u64 } from '../bytes.js';
import { UsageError } from '../errors.js';
import { ascii } from '../hash.js';

const REQUEST_DOMAIN = ascii('noema/compute/request/v1');
const RESPONSE_DOMAIN = ascii('noema/compute/response/v1');

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);

/** The hash of a request: its route, as in `POST /v1/chat/completions`, and the bytes of its body. */
export function requestHash(route: string, body: Uint8Array): string {
  const text = ascii(route);
  if (text.length > 0xffff) throw new UsageError(`the route has ${text.length} bytes; expected at most 65535`);
  return toHex(sha256(concat(REQUEST_DOMAIN, u16(text.length), text, u64(body.length), sha256(body))));
}

/** Hashes a response while it passes by, however its body is cut. */
export class ResponseHasher {
  readonly #status: number;
  readonly #body = sha256.create();
  #length = 0;

  constructor(status: number) {
    this.#status = status;
  }

  /** Adds what comes next of the body. */
  update(chunk: Uint8Array): void {
    this.#body.update(chunk);
    this.#length += chunk.length;
  }

  /** Bytes of the body so far. */
  get length(): bigint {
    return BigInt(this.#length);
  }

  /** The hash of what came so far. The response can go on. */
  finish(): string {
    const body = this.#body.clone().digest();
    return toHex(sha256(concat(RESPONSE_DOMAIN, u16(this.#status), u64(this.#length), body)));
  }
}

/** The hash of a response that is there as a whole. */
export function responseHash(status: number, body: Uint8Array): string {
  const hasher = new ResponseHasher(status);
  hasher.update(body);
  return hasher.finish();
}
