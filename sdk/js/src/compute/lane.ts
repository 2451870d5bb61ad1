// The rules of one lane on the buyer's side, without anything else: at most one voucher is out, and each ends with a receipt.

import { FormatError } from '../errors.js';
import { receiptFromText, receiptToText, voucherFromText, voucherToText } from './encoding.js';
import type { Asked } from './receipt.js';
import type { SignedReceipt, SignedVoucher } from './types.js';

/** A voucher that is out: its receipt has not come. */
export interface Pending {
  readonly signed: SignedVoucher;
  readonly model: string;
  /** Address of the key that the channel froze. */
  readonly serviceKey: string;
  readonly bodyBytes: bigint;
  readonly maxOutput: bigint | undefined;
}

/** What a buyer keeps of a lane. It never changes; what happens gives another one. */
export interface LaneState {
  /** Of the last receipt. */
  readonly nonce: bigint;
  /** What the lane owes in all by the receipts that came. */
  readonly owed: bigint;
  /** When the last voucher expires: the next must not expire earlier, since the gateway has perhaps not redeemed it. */
  readonly expires: bigint;
  readonly pending: Pending | undefined;
  /** Why nothing is sent on it any more. */
  readonly stopped: string | undefined;
  /** The last two receipts, the newest first: by them a redemption that is too much is proven. */
  readonly receipts: readonly SignedReceipt[];
}

const U64_MAX = (1n << 64n) - 1n;

/** A lane that nothing was sent on. */
export const FRESH: LaneState = { nonce: 0n, owed: 0n, expires: 0n, pending: undefined, stopped: undefined, receipts: [] };

export const isFree = ({ nonce, pending, stopped }: LaneState): boolean =>
  pending === undefined && stopped === undefined && nonce < U64_MAX;

/** The lane with a voucher out. */
export function begin(lane: LaneState, pending: Pending): LaneState {
  const { voucher } = pending.signed;
  if (!isFree(lane) || voucher.nonce !== lane.nonce + 1n || voucher.paid !== lane.owed) {
    throw new Error(`voucher ${voucher.nonce} does not continue from request ${lane.nonce} of the lane`);
  }
  const expires = voucher.expires > lane.expires ? voucher.expires : lane.expires;
  return { ...lane, pending, expires };
}

/** The lane with the receipt of the voucher that is out, which was checked. */
export function settle(lane: LaneState, signed: SignedReceipt): LaneState {
  const { receipt } = signed;
  const voucher = lane.pending?.signed.voucher;
  const isWithin = voucher && receipt.cumulative >= voucher.paid && receipt.cumulative <= voucher.paid + voucher.maximum;
  if (!isWithin || receipt.nonce !== voucher.nonce) {
    throw new Error(`receipt ${receipt.nonce} is not of the voucher that is out on the lane`);
  }
  const receipts = [signed, ...lane.receipts].slice(0, 2);
  return { ...lane, nonce: receipt.nonce, owed: receipt.cumulative, pending: undefined, receipts };
}

/** The lane on which nothing is sent any more. */
export const stop = (lane: LaneState, reason: string): LaneState => ({ ...lane, stopped: reason });

/** What the receipt of a voucher that is out is held against. */
export const askedBy = ({ signed, model, serviceKey, bodyBytes, maxOutput }: Pending, genesis: string): Asked => ({
  voucher: signed.voucher,
  model,
  serviceKey,
  genesis,
  bodyBytes,
  maxOutput,
});

/** For a storage. */
export const laneToText = ({ nonce, owed, expires, pending, stopped, receipts }: LaneState): string =>
  JSON.stringify({
    version: 1,
    nonce: `${nonce}`,
    owed: `${owed}`,
    expires: `${expires}`,
    pending: pending && {
      voucher: voucherToText(pending.signed),
      model: pending.model,
      service_key: pending.serviceKey,
      body_bytes: `${pending.bodyBytes}`,
      max_output: pending.maxOutput === undefined ? undefined : `${pending.maxOutput}`,
    },
    stopped,
    receipts: receipts.map(receiptToText),
  });

/** @throws {FormatError} for anything else than `laneToText` gives: a storage that is damaged must not look like a lane that is fresh. */
export function laneFromText(text: string): LaneState {
  try {
    const json = JSON.parse(text);
    if (json.version !== 1) throw new Error(`version ${json.version} is not known`);
    const { pending } = json;
    return {
      nonce: BigInt(json.nonce),
      owed: BigInt(json.owed),
      expires: BigInt(json.expires),
      pending: pending && {
        signed: voucherFromText(pending.voucher),
        model: String(pending.model),
        serviceKey: String(pending.service_key),
        bodyBytes: BigInt(pending.body_bytes),
        maxOutput: pending.max_output === undefined ? undefined : BigInt(pending.max_output),
      },
      stopped: json.stopped,
      receipts: json.receipts.map(receiptFromText),
    };
  } catch (error) {
    throw new FormatError('lane', `what the storage has is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}
