// What requests cost, exact to the unit, and what they can cost at most before anybody has worked on them.

import { NoemaError } from '../errors.js';
import type { Price, Usage } from './types.js';

/** Tokens that a token price is for. */
const MILLION = 1_000_000n;
/** Tokens that a model's template adds to what a request says, at most. */
const TEMPLATE_TOKENS = 1024n;
const U64_MAX = (1n << 64n) - 1n;
const U128_MAX = (1n << 128n) - 1n;

/** A cost that cannot be told: `mismatch` when price and usage are of different things, `overflow` above 128 bits. */
export class PriceError extends NoemaError {
  constructor(code: 'mismatch' | 'overflow', message: string) {
    super(code, message);
  }
}

const overflow = () => new PriceError('overflow', 'the cost does not fit into 128 bits; expected a lower price or less usage');

/** What the usage costs at a price: rounded up once, to a whole unit. */
export function cost(price: Price, usage: Usage): bigint {
  let sum: bigint;
  if (price.per === 'tokens' && usage.of === 'tokens') {
    sum = price.input * usage.input + price.cached * usage.cached + price.output * usage.output;
    // As the chain's types count it: before it is divided.
    if (sum > U128_MAX) throw overflow();
    return (sum + MILLION - 1n) / MILLION;
  }
  if (price.per === 'units' && usage.of === 'units') {
    sum = price.unit * usage.units;
    if (sum > U128_MAX) throw overflow();
    return sum;
  }
  throw new PriceError('mismatch', `the price is per ${price.per}, the usage counts ${usage.of}; expected both to be the same`);
}

/** Whether nothing in a price is above the same in `most`; false when they are for different things. */
export function isAtMost(price: Price, most: Price): boolean {
  if (price.per === 'tokens' && most.per === 'tokens') {
    return price.input <= most.input && price.cached <= most.cached && price.output <= most.output;
  }
  return price.per === 'units' && most.per === 'units' && price.unit <= most.unit;
}

/** Tokens of input that a body of so many bytes has at most: a token of text is at least a byte. */
export const inputBound = (bodyBytes: bigint): bigint => least(bodyBytes + TEMPLATE_TOKENS, U64_MAX);

/** What a request costs at most: the maximum of a voucher that no gateway refuses for being too low. For prices of tokens. */
export function ceiling(price: Price, bodyBytes: bigint, output: bigint): bigint {
  const bound = inputBound(bodyBytes);
  const allNew = cost(price, { of: 'tokens', input: bound, cached: 0n, output });
  const allCached = cost(price, { of: 'tokens', input: 0n, cached: bound, output });
  return allNew > allCached ? allNew : allCached;
}

/**
 * Tokens of output that a maximum pays for when the input costs as much as it can: what a gateway lets its engine write. `undefined` when it does not even
 * cover that input, or the price is not one of tokens.
 */
export function affordableOutput(price: Price, maximum: bigint, bodyBytes: bigint): bigint | undefined {
  if (price.per !== 'tokens') return undefined;
  const dearer = price.input > price.cached ? price.input : price.cached;
  const forInput = dearer * inputBound(bodyBytes);
  const left = least(maximum * MILLION, U128_MAX) - forInput;
  if (forInput > U128_MAX || left < 0n) return undefined;
  return price.output === 0n ? U64_MAX : least(left / price.output, U64_MAX);
}

/** The smaller of two. */
export const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);
