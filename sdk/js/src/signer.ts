// Signing with a key that the program holds itself. Any other signer of PAPI, such as a wallet's, does as well.

import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { HDKD, getPublicKey, secretFromSeed, sign } from '@scure/sr25519';
import type { PolkadotSigner } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { concat, fromHex, u64 } from './bytes.js';
import { UsageError } from './errors.js';
import { ascii, blake2b256 } from './hash.js';
import { compact } from './scale.js';

/** The phrase of the development accounts: everybody knows it. */
const DEVELOPMENT_PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

/** A key of sr25519 that signs bytes as they are. Wallets do not: they wrap what they are asked to sign. */
export interface Key {
  readonly publicKey: Uint8Array;
  /** The 64 bytes of a signature, context `substrate`. */
  sign(payload: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/**
 * An sr25519 signer of a secret URI, as `noema` and `subkey` take it: a phrase of 12 to 24 words or `0x` and 64 hex digits of a
 * seed, then any number of derivations `//hard` and `/soft`, then `///password` for a phrase. Without phrase and seed it is one of
 * the development accounts, such as `//Alice`.
 *
 * @throws {UsageError} without repeating the secret.
 */
export async function signerFromUri(uri: string): Promise<PolkadotSigner> {
  const key = await keyFromUri(uri);
  return getPolkadotSigner(key.publicKey, 'Sr25519', async (message) => key.sign(message));
}

/**
 * The key of a secret URI, in the form of `signerFromUri`: for what is signed as it is, such as vouchers.
 *
 * @throws {UsageError} without repeating the secret.
 */
export async function keyFromUri(uri: string): Promise<Key> {
  const parts = /^([^/]*)((?:\/\/?[^/]+)*)(?:\/\/\/(.*))?$/s.exec(uri);
  if (!parts) throw new UsageError('expected a phrase or a seed, then //hard, /soft and ///password as needed');
  const [, base = '', path = '', password = ''] = parts;
  let secret: Uint8Array = secretFromSeed(await seedOf(base.trim() || DEVELOPMENT_PHRASE, password));
  for (const [, slashes, name] of path.matchAll(/(\/\/?)([^/]+)/g)) {
    const code = chainCode(name as string);
    secret = slashes === '//' ? HDKD.secretHard(secret, code) : HDKD.secretSoft(secret, code);
  }
  return { publicKey: getPublicKey(secret), sign: (payload) => sign(secret, payload) };
}

async function seedOf(base: string, password: string): Promise<Uint8Array> {
  if (base.startsWith('0x')) {
    const seed = fromHex(base, 32);
    if (!seed) throw new UsageError('expected a seed of 0x and 64 hex digits');
    return seed;
  }
  let entropy: Uint8Array;
  try {
    entropy = mnemonicToEntropy(base.split(/\s+/).join(' '), wordlist);
  } catch {
    throw new UsageError('expected a phrase of 12 to 24 English words that belong together');
  }
  // Substrate derives from the entropy, not from the words as BIP-39 has it.
  const long = await pbkdf2Async(sha512, entropy, ascii(`mnemonic${password}`), { c: 2048, dkLen: 64 });
  return long.slice(0, 32);
}

/** 32 bytes of a derivation's name: numbers as u64, text as SCALE has it, what is too long hashed. */
function chainCode(name: string): Uint8Array {
  let code: Uint8Array;
  if (/^\d+$/.test(name) && BigInt(name) < 2n ** 64n) {
    code = u64(BigInt(name));
  } else {
    const text = ascii(name);
    if (text.length >= 1 << 14) throw new UsageError('the name of a derivation is too long');
    code = concat(compact(text.length), text);
  }
  return code.length > 32 ? blake2b256(code) : concat(code, new Uint8Array(32 - code.length));
}
