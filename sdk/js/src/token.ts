// Upload tokens: an owner lets one provider take the data of one file for a while.

import { concat, toBase64, u64 } from './bytes.js';
import { UsageError } from './errors.js';
import { ascii, blake2b256 } from './hash.js';

const VERSION = 1;
/** Separates this signature from every other use of the key. */
const DOMAIN = ascii('noema/storage/upload/v1');

/** What a token says; all but the time are 32 bytes. */
export interface TokenTerms {
  readonly genesis: Uint8Array;
  readonly file: Uint8Array;
  readonly owner: Uint8Array;
  readonly provider: Uint8Array;
  /** Seconds since 1970, at most 24 hours ahead. */
  readonly expires: number;
}

/** What the owner signs: `blake2b256(domain ‖ genesis hash ‖ file ‖ owner ‖ provider ‖ expires as u64 LE)`. */
export const tokenMessage = ({ genesis, file, owner, provider, expires }: TokenTerms): Uint8Array =>
  blake2b256(concat(DOMAIN, genesis, file, owner, provider, u64(expires)));

/**
 * The value of an `Authorization` header: version ‖ owner ‖ file ‖ provider ‖ expires as u64 LE ‖ signature, in base64.
 *
 * `sign` signs as wallets do: what it signs is the message between `<Bytes>` and `</Bytes>`.
 */
export async function authorization(
  terms: TokenTerms,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const { owner, file, provider, expires } = terms;
  const signed = await sign(tokenMessage(terms));
  // Some wallets put the kind of signature in front.
  const signature = signed.length === 65 && signed[0] === 1 ? signed.subarray(1) : signed;
  if (signature.length !== 64) {
    throw new UsageError(`a token needs an sr25519 signature of 64 bytes, the signer made one of ${signed.length}`);
  }
  return `Noema ${toBase64(concat(Uint8Array.of(VERSION), owner, file, provider, u64(expires), signature))}`;
}
