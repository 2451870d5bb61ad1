// What is signed about agents, and the account that nobody can sign for: byte by byte as `primitives/agents` has it.

import { accountAddress, accountBytes } from '../chain/chain.js';
import { concat, fromHex } from '../bytes.js';
import { UsageError } from '../errors.js';
import { ascii, blake2b256 } from '../hash.js';
import { Writer } from '../scale.js';
import { encodeSignature, isSignedBy, signRaw } from '../signature.js';
import type { Key } from '../signer.js';
import type { Integer } from './types.js';

const WALLET_DOMAIN = ascii('noema/agents/wallet/v1');
const ACT_DOMAIN = ascii('noema/agents/act/v1');
const ACCOUNT_DOMAIN = ascii('noema/agents/account/v1');

/** A wallet's consent to be where an agent is paid. */
export interface WalletBinding {
  /** Hash of the chain's first block. */
  readonly genesis: string;
  readonly agent: Integer;
  readonly owner: string;
  readonly wallet: string;
  /** The agent's `bindings`, so that a signature binds once. */
  readonly nonce: Integer;
  /** The first tick at which the signature is worth nothing. */
  readonly deadline: Integer;
}

/** An act that somebody else brings to the chain. */
export interface SignedAct {
  readonly genesis: string;
  readonly agent: Integer;
  readonly session: number;
  /** The session's `nonce`. */
  readonly nonce: Integer;
  /** The first tick at which it is worth nothing. */
  readonly expires: Integer;
  /** The encoded call, as hex or bytes. */
  readonly call: string | Uint8Array;
}

function bytesOf(text: string, length: number | undefined, name: string): Uint8Array {
  const bytes = fromHex(text, length);
  if (!bytes) throw new UsageError(`${name}: expected ${length === undefined ? '' : `${2 * length} `}hex digits, found ${text}`);
  return bytes;
}

/** The bytes that a wallet signs, as they are. */
export function walletMessage({ genesis, agent, owner, wallet, nonce, deadline }: WalletBinding): Uint8Array<ArrayBuffer> {
  return new Writer()
    .bytes(WALLET_DOMAIN)
    .bytes(bytesOf(genesis, 32, 'genesis'))
    .uint(64, agent, 'agent')
    .bytes(accountBytes(owner))
    .bytes(accountBytes(wallet))
    .uint(64, nonce, 'nonce')
    .uint(64, deadline, 'deadline')
    .finish();
}

/** The bytes that the key of a session signs, as they are. */
export function actMessage({ genesis, agent, session, nonce, expires, call }: SignedAct): Uint8Array<ArrayBuffer> {
  return new Writer()
    .bytes(ACT_DOMAIN)
    .bytes(bytesOf(genesis, 32, 'genesis'))
    .uint(64, agent, 'agent')
    .uint(32, session, 'session')
    .uint(64, nonce, 'nonce')
    .uint(64, expires, 'expires')
    .bytes(blake2b256(typeof call === 'string' ? bytesOf(call, undefined, 'call') : call))
    .finish();
}

/** The address of an agent's account. */
export function agentAccount(genesis: string, agent: Integer): string {
  const number = new Writer().uint(64, agent, 'agent').finish();
  return accountAddress(blake2b256(concat(ACCOUNT_DOMAIN, bytesOf(genesis, 32, 'genesis'), number)));
}

/**
 * A wallet's signature, as `bindWallet` takes it: SCALE of `MultiSignature`.
 *
 * @throws {UsageError} when the key is not the wallet's, or signs something else than the message.
 */
export async function signWallet(key: Key, binding: WalletBinding): Promise<Uint8Array<ArrayBuffer>> {
  const message = walletMessage(binding);
  const signature = await signRaw(key, message);
  if (!isSignedBy(accountBytes(binding.wallet), message, signature)) {
    throw new UsageError(`expected the key of the wallet ${binding.wallet}, found that of ${accountAddress(key.publicKey)}`);
  }
  return encodeSignature(signature);
}

/** The signature of a session's key, as `actSigned` takes it: SCALE of `MultiSignature`. */
export const signAct = async (key: Key, act: SignedAct): Promise<Uint8Array<ArrayBuffer>> =>
  encodeSignature(await signRaw(key, actMessage(act)));
