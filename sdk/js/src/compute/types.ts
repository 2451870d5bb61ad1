// What is promised and stated: vouchers and receipts, field by field as `primitives/compute` has them.

import type { Signature } from '../signature.js';

/** What a service charges, in the smallest unit of the token: for a million tokens each, or for one unit of its kind. */
export type Price =
  | { readonly per: 'tokens'; readonly input: bigint; readonly cached: bigint; readonly output: bigint }
  | { readonly per: 'units'; readonly unit: bigint };

/** What a request used. `input` does not count what was cached. */
export type Usage =
  | { readonly of: 'tokens'; readonly input: bigint; readonly cached: bigint; readonly output: bigint }
  | { readonly of: 'units'; readonly units: bigint };

/** A promise to pay for one request, and what the lane owed before it. */
export interface Voucher {
  readonly channel: bigint;
  readonly session: number;
  readonly lane: number;
  /** Number of the request in its lane, from 1. */
  readonly nonce: bigint;
  readonly service: bigint;
  /** What the lane owed in all before: the cumulative amount of its last receipt, or 0. */
  readonly paid: bigint;
  /** The most that this request may cost. */
  readonly maximum: bigint;
  /** The request's hash, `0x` and 64 hex digits. */
  readonly request: string;
  /** The first tick at which it cannot be redeemed any more. */
  readonly expires: bigint;
  readonly price: Price;
}

/** What a provider states of a request that is over. */
export interface Receipt {
  readonly channel: bigint;
  readonly session: number;
  readonly lane: number;
  readonly nonce: bigint;
  readonly service: bigint;
  /** Hashes, `0x` and 64 hex digits. */
  readonly request: string;
  readonly response: string;
  /** Bytes of the response's body that were produced and hashed. */
  readonly responseBytes: bigint;
  readonly model: string;
  readonly usage: Usage;
  /** The price at which it was charged: the voucher's. */
  readonly price: Price;
  /** What the request cost, in the smallest unit. */
  readonly amount: bigint;
  /** What the lane owes in all, this request included. */
  readonly cumulative: bigint;
  /** Milliseconds since 1970 by the provider's clock; nothing to check it against. */
  readonly time: bigint;
}

export interface SignedVoucher {
  readonly voucher: Voucher;
  /** By the key of the channel's session. */
  readonly signature: Signature;
}

export interface SignedReceipt {
  readonly receipt: Receipt;
  /** By the service key that the channel froze. */
  readonly signature: Signature;
}

/**
 * By what answers of a service can be checked, in the chain's words. `None` is the only one that there is: the receipt proves what the provider said and
 * charged, not that its model computed it.
 */
export type VerificationMode = string;

/** The words that stand wherever answers or services are shown. This library checks no evidence, so that all it can say is `unverified`. */
export const verificationLabel = (mode: VerificationMode): string =>
  mode === 'None' ? 'unverified' : `unverified (the service names ${mode}, which this library cannot check)`;
