// What a buyer is given, and what it gives.

import type { Peer } from '../errors.js';
import type { Key } from '../signer.js';
import type { Exchange } from './exchange.js';
import type { Pending } from './lane.js';
import type { Lane } from './pool.js';
import type { ResponseCheck } from './receipt.js';
import type { LaneStorage } from './storage.js';
import type { Price, SignedReceipt, SignedVoucher } from './types.js';

/** What a buyer must know of a channel and of the service that it pays, as the chain has it now. */
export interface Terms {
  /** Hash of the chain's first block, `0x` and 64 hex digits. */
  readonly genesis: string;
  readonly channel: bigint;
  readonly session: number;
  /** The session's lanes are 0 to this number, without it. */
  readonly lanes: number;
  /** Lanes from which something was redeemed. */
  readonly redeemed: readonly number[];
  /** The most that one request may cost. */
  readonly perUse: bigint;
  readonly state: 'open' | 'closing' | 'settled';
  readonly service: bigint;
  /** Address of the key that the channel froze. */
  readonly serviceKey: string;
  readonly model: string;
  /** The price in force. */
  readonly price: Price;
  /** The account that sells, and where its gateway answers. */
  readonly peer: Peer;
  /** How answers can be checked, in words that are shown: `unverified`. */
  readonly verification: string;
  /** The tick until which a voucher that is signed now is good. */
  readonly expires: bigint;
}

/** How a buyer buys. */
export interface BuyerOptions {
  /** The key of the channel's session: it signs vouchers as they are. */
  readonly key: Key;
  /** Where promises are kept. */
  readonly storage: LaneStorage;
  /** The most that one request may cost, in the smallest unit. The session's limit if absent. */
  readonly maxRequest?: bigint;
  /** Nothing is asked at a price that has anything above this. */
  readonly maxPrice?: Price;
  /** Tokens of output that are paid for at most where a request does not say. 4096 if absent. */
  readonly defaultMaxTokens?: number;
  /** How long a gateway may take until an answer begins, and between two pieces of it, in milliseconds. 310,000 if absent. */
  readonly timeout?: number;
  /** How long it may take in all to give the receipt of a request that broke off, in milliseconds. 30,000 if absent. */
  readonly receiptTimeout?: number;
  /** The requests' way out, where the environment's own does not do: for endpoints whose key is pinned. */
  readonly fetch?: typeof fetch;
  /** Every receipt that settles a request, and whether it binds an answer that arrived. */
  readonly onReceipt?: (signed: SignedReceipt, check: ResponseCheck) => void;
}

/** An answer that is good, and paid for. */
export interface Answer<T> {
  readonly body: T;
  /** The bytes that the receipt binds. */
  readonly bytes: Uint8Array;
  readonly receipt: SignedReceipt;
  /** What was sent, and what was promised for it: with the receipt, what `noema compute verify-receipt` checks. */
  readonly request: Uint8Array;
  readonly voucher: SignedVoucher;
  /** How far it is checked, in words to show beside it. `unverified`: the receipt proves what the provider said and charged, not that its model computed it. */
  readonly verification: string;
}

/** What is owed and promised on all lanes, in the smallest unit. */
export interface Spending {
  readonly owed: bigint;
  /** The maxima of vouchers whose receipts have not come. */
  readonly promised: bigint;
}

/** A request on its way. */
export interface Sent {
  readonly lane: Lane;
  readonly pending: Pending;
  readonly request: Uint8Array;
  readonly exchange: Exchange;
  readonly terms: Terms;
  readonly signal: AbortSignal | undefined;
}
