// Signatures in the forms that the chain accepts: `MultiSignature`, and the accounts that name their keys.

import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { verify as verifySr25519 } from '@scure/sr25519';
import { concat, equal } from './bytes.js';
import { FormatError, UsageError } from './errors.js';
import { blake2b256 } from './hash.js';
import { keccak256 } from './keccak.js';
import type { Key } from './signer.js';

/** The schemes, each at its number in `MultiSignature`. */
const SCHEMES = ['ed25519', 'sr25519', 'ecdsa', 'eth'] as const;

/** A signature and its scheme. Vouchers and receipts are signed by sr25519 only; wallets of agents by any. */
export interface Signature {
  readonly scheme: (typeof SCHEMES)[number];
  /** 64 bytes, 65 for `ecdsa` and `eth`. */
  readonly bytes: Uint8Array;
}

const lengthOf = (scheme: Signature['scheme']): number => (scheme === 'ecdsa' || scheme === 'eth' ? 65 : 64);

/** SCALE of `MultiSignature`: the number of the scheme and the bytes. */
export function encodeSignature({ scheme, bytes }: Signature): Uint8Array<ArrayBuffer> {
  if (bytes.length !== lengthOf(scheme)) {
    throw new UsageError(`expected a signature of ${lengthOf(scheme)} bytes by ${scheme}, found one of ${bytes.length}`);
  }
  return concat(Uint8Array.of(SCHEMES.indexOf(scheme)), bytes);
}

/** @throws {FormatError} when it is none. */
export function decodeSignature(encoded: Uint8Array): Signature {
  const scheme = SCHEMES[encoded[0] ?? -1];
  const length = scheme ? lengthOf(scheme) : 0;
  if (!scheme || encoded.length !== length + 1) {
    throw new FormatError('signature', 'expected the number of a scheme, 0 to 3, and its 64 or 65 bytes');
  }
  return { scheme, bytes: encoded.slice(1) };
}

/** Whether the key of the account (32 bytes) signed the payload, as the runtime checks it. */
export function isSignedBy(account: Uint8Array, payload: Uint8Array, { scheme, bytes }: Signature): boolean {
  if (bytes.length !== lengthOf(scheme) || account.length !== 32) return false;
  try {
    switch (scheme) {
      case 'sr25519':
        return verifySr25519(payload, bytes, account);
      case 'ed25519':
        return ed25519.verify(bytes, payload, account);
      case 'ecdsa':
        return equal(blake2b256(recovered(bytes, blake2b256(payload))), account);
      case 'eth': {
        const key = keccak256(recovered(bytes, keccak256(payload)));
        return equal(concat(key.subarray(12), new Uint8Array(12).fill(0xee)), account);
      }
    }
  } catch {
    // Bytes that are no point or no scalar sign nothing.
    return false;
  }
}

/** The compressed key that made a signature, whose last byte says which of the possible ones. */
function recovered(signature: Uint8Array, hash: Uint8Array): Uint8Array {
  const recovery = signature[64] as number;
  const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact');
  return parsed.addRecoveryBit(recovery > 26 ? recovery - 27 : recovery).recoverPublicKey(hash).toBytes(true);
}

/**
 * Signs a payload as it is.
 *
 * @throws {UsageError} when the key signs something else, as wallets do that wrap what they are given.
 */
export async function signRaw(key: Key, payload: Uint8Array): Promise<Signature> {
  const signed = await key.sign(payload);
  // Some signers put the number of the scheme in front.
  const bytes = signed.length === 65 && signed[0] === 1 ? signed.subarray(1) : signed;
  const signature: Signature = { scheme: 'sr25519', bytes };
  if (!isSignedBy(key.publicKey, payload, signature)) {
    throw new UsageError('expected an sr25519 signature over the payload as it is; a wallet that wraps it in <Bytes> cannot sign this');
  }
  return signature;
}
