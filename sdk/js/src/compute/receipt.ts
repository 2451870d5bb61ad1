// Whether an answer is good: everything that a receipt says is recomputed, and nothing is called good that could not be.

import { accountAddress, accountBytes } from '../chain/chain.js';
import { NoemaError } from '../errors.js';
import { clean } from '../provider/http.js';
import { isReceiptBy } from './encoding.js';
import type { ResponseHasher } from './hashing.js';
import { cost, inputBound, least, PriceError } from './price.js';
import type { Price, Receipt, SignedReceipt, Usage, Voucher } from './types.js';

/** What is wrong with a receipt. All of these name the provider as the one who is wrong. */
export type ReceiptFault =
  | 'signature'
  | 'other_request'
  | 'request_hash'
  | 'response_hash'
  | 'model'
  | 'price'
  | 'cost'
  | 'amount'
  | 'cumulative'
  | 'usage'
  | 'input'
  | 'output'
  | 'charged'
  | 'no_usage'
  | 'no_answer';

/** A receipt that is not good: the first field that says something else than its reader knows. */
export class ReceiptError extends NoemaError {
  override readonly code: ReceiptFault;
  readonly found: string;

  constructor(
    code: ReceiptFault,
    /** The field, by its name in `primitives/compute`, or `signature`. */
    readonly field: string,
    readonly expected: string,
    said: string,
    because = '',
  ) {
    // A stranger's words, which go to people's screens.
    const found = clean(said) ?? '';
    super(code, `the receipt is not good: ${field}: expected ${expected}, found ${found}${because && ` (${because})`}`);
    this.code = code;
    this.found = found;
  }
}

/** What a buyer knows of a request by itself. */
export interface Asked {
  /** What it signed. */
  readonly voucher: Voucher;
  /** The model that it asked for. */
  readonly model: string;
  /** Address of the key that the channel froze. */
  readonly serviceKey: string;
  /** Hash of the chain's first block. */
  readonly genesis: string;
  /** Bytes of the request's body. */
  readonly bodyBytes: bigint;
  /** Tokens of output that the request allowed in all, if it said so. */
  readonly maxOutput?: bigint | undefined;
}

/**
 * What a good receipt says of the answer. Either way it is payable, and the lane goes on from it. `unverified`: the answer did not arrive as a whole, and
 * what of it arrived must not be taken for what the receipt binds.
 */
export type ResponseCheck = 'matches' | 'unverified';

const U128_MAX = (1n << 128n) - 1n;

const priceText = (price: Price): string =>
  price.per === 'units' ? `${price.unit} per unit` : `${price.input}/${price.cached}/${price.output} per million tokens`;
const usageText = (usage: Usage): string =>
  usage.of === 'units' ? `${usage.units} units` : `${usage.input}/${usage.cached}/${usage.output} tokens of input/cached/output`;

/**
 * Checks a receipt whose answer is hashed by `response`, or did not arrive (`undefined`), and which said that it used `said`.
 *
 * @throws {ReceiptError} that names the first field that differs.
 */
export function checkReceipt(
  asked: Asked,
  signed: SignedReceipt,
  response: ResponseHasher | undefined,
  said?: Usage | undefined,
): ResponseCheck {
  const { receipt } = signed;
  const { voucher } = asked;
  checkSignature(asked, signed);
  for (const field of ['channel', 'session', 'lane', 'nonce', 'service'] as const) {
    same('other_request', field, voucher[field], receipt[field]);
  }
  same('request_hash', 'request', voucher.request, receipt.request);
  if (response) {
    same('response_hash', 'response', response.finish(), receipt.response);
    same('response_hash', 'response_bytes', response.length, receipt.responseBytes);
  }
  same('model', 'model', asked.model, receipt.model);
  same('price', 'price', priceText(voucher.price), priceText(receipt.price));
  const amount = least(costOf(receipt), voucher.maximum);
  const because = `by usage and price, at most the voucher's maximum of ${voucher.maximum}`;
  same('amount', 'amount', amount, receipt.amount, because);
  const owed = least(voucher.paid + receipt.amount, U128_MAX);
  same('cumulative', 'cumulative', owed, receipt.cumulative, 'what was owed before, and this amount');
  checkUsage(asked, receipt.usage, said);
  return response ? 'matches' : 'unverified';
}

/** An answer that came as a whole: only one with status 200 that tells its usage may cost anything. */
export function checkWhole(
  asked: Asked,
  signed: SignedReceipt,
  status: number,
  response: ResponseHasher,
  said: Usage | undefined,
): ResponseCheck {
  const good = checkReceipt(asked, signed, response, said);
  const { amount } = signed.receipt;
  if (amount === 0n) return good;
  if (status !== 200) throw new ReceiptError('charged', 'amount', '0', `${amount}`, `an answer with status ${status} is none`);
  if (!said) throw new ReceiptError('no_usage', 'usage', 'what the answer says that it used', usageText(signed.receipt.usage), 'it says nothing');
  return good;
}

/** An answer that was streamed: one in which nothing of an answer came may cost nothing, and one that costs something tells its usage. */
export function checkStream(
  asked: Asked,
  signed: SignedReceipt,
  response: ResponseHasher,
  said: Usage | undefined,
  hasAnswer: boolean,
): ResponseCheck {
  const good = checkReceipt(asked, signed, response, said);
  const { amount } = signed.receipt;
  if (amount === 0n) return good;
  if (!hasAnswer) throw new ReceiptError('no_answer', 'amount', '0', `${amount}`, 'nothing of an answer came');
  if (!said) throw new ReceiptError('no_usage', 'usage', 'what the stream says that it used', usageText(signed.receipt.usage), 'it says nothing');
  return good;
}

function checkSignature({ serviceKey, genesis }: Asked, signed: SignedReceipt): void {
  if (isReceiptBy(signed, accountBytes(serviceKey), genesis)) return;
  const expected = `one by ${accountAddress(accountBytes(serviceKey))}, the key that the channel froze, for chain ${genesis}`;
  throw new ReceiptError('signature', 'signature', expected, 'one that is not');
}

function same<T extends string | number | bigint>(code: ReceiptFault, field: string, expected: T, found: T, because?: string): void {
  if (expected !== found) throw new ReceiptError(code, field, `${expected}`, `${found}`, because);
}

function costOf({ price, usage }: Receipt): bigint {
  try {
    return cost(price, usage);
  } catch (error) {
    if (!(error instanceof PriceError)) throw error;
    throw new ReceiptError('cost', 'usage', `one that can be charged at ${priceText(price)}`, usageText(usage), error.message);
  }
}

/** No more than the answer itself says, than the bytes of the request can be, than the request allowed. */
function checkUsage(asked: Asked, charged: Usage, said: Usage | undefined): void {
  if (said && chargesMore(charged, said)) {
    throw new ReceiptError('usage', 'usage', `at most ${usageText(said)}, as the answer says`, usageText(charged));
  }
  if (charged.of !== 'tokens') return;
  const input = charged.input + charged.cached;
  const bound = inputBound(asked.bodyBytes);
  if (input > bound) {
    throw new ReceiptError('input', 'usage.input', `at most ${bound} tokens, cached ones included`, `${input}`, `the request has ${asked.bodyBytes} bytes`);
  }
  if (asked.maxOutput !== undefined && charged.output > asked.maxOutput) {
    throw new ReceiptError('output', 'usage.output', `at most ${asked.maxOutput} tokens`, `${charged.output}`, 'the request allowed no more');
  }
}

/** More in any part: all of the input, what of it was not cached, the output, the units. */
function chargesMore(charged: Usage, said: Usage): boolean {
  if (charged.of === 'tokens' && said.of === 'tokens') {
    const isMoreInput = charged.input > said.input || charged.input + charged.cached > said.input + said.cached;
    return isMoreInput || charged.output > said.output;
  }
  return charged.of !== 'units' || said.of !== 'units' || charged.units > said.units;
}
