// Vouchers and receipts as JSON, for files that people look into: the form that `noema compute` writes and reads. Numbers of 64 bits and amounts are decimal
// text.

import { fromHex, toHex } from '../bytes.js';
import { FormatError } from '../errors.js';
import type { Price, SignedReceipt, SignedVoucher, Usage } from './types.js';

type Json = Record<string, unknown>;

const priceJson = (price: Price): Json =>
  price.per === 'units'
    ? { unit: `${price.unit}` }
    : { input: `${price.input}`, cached: `${price.cached}`, output: `${price.output}` };

const usageJson = (usage: Usage): Json =>
  usage.of === 'units'
    ? { units: `${usage.units}` }
    : { input: `${usage.input}`, cached: `${usage.cached}`, output: `${usage.output}` };

/** A voucher with its signature, as an object of texts and numbers. */
export const voucherToJson = ({ voucher, signature }: SignedVoucher): Json => ({
  voucher: {
    channel: `${voucher.channel}`,
    session: voucher.session,
    lane: voucher.lane,
    nonce: `${voucher.nonce}`,
    service: `${voucher.service}`,
    paid: `${voucher.paid}`,
    maximum: `${voucher.maximum}`,
    request: voucher.request,
    expires: `${voucher.expires}`,
    price: priceJson(voucher.price),
  },
  signature: toHex(signature.bytes),
});

/** A receipt with its signature, as an object of texts and numbers. */
export const receiptToJson = ({ receipt, signature }: SignedReceipt): Json => ({
  receipt: {
    channel: `${receipt.channel}`,
    session: receipt.session,
    lane: receipt.lane,
    nonce: `${receipt.nonce}`,
    service: `${receipt.service}`,
    request: receipt.request,
    response: receipt.response,
    response_bytes: `${receipt.responseBytes}`,
    model: receipt.model,
    usage: usageJson(receipt.usage),
    price: priceJson(receipt.price),
    amount: `${receipt.amount}`,
    cumulative: `${receipt.cumulative}`,
    time: `${receipt.time}`,
  },
  signature: toHex(signature.bytes),
});

/** Members of an object, each of which must be asked for: what is not known is refused. */
class Members {
  readonly #members: Map<string, unknown>;
  readonly #what: string;
  readonly #of: string;

  constructor(value: unknown, what: string, of = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FormatError(what, `${of || 'all of it'}: expected an object`);
    }
    this.#members = new Map(Object.entries(value));
    this.#what = what;
    this.#of = of;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  part(name: string): Members {
    return new Members(this.#take(name), this.#what, this.#name(name));
  }

  /** Digits, without a sign and without zeros in front. */
  text(bits: 64 | 128, name: string): bigint {
    const value = this.#take(name);
    if (typeof value === 'string' && /^(0|[1-9][0-9]{0,38})$/.test(value) && BigInt(value) < 1n << BigInt(bits)) {
      return BigInt(value);
    }
    throw this.#wrong(name, `a decimal number of at most ${bits} bits as text`, value);
  }

  number(bits: 16 | 32, name: string): number {
    const value = this.#take(name);
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** bits) return value as number;
    throw this.#wrong(name, `a whole number of at most ${bits} bits`, value);
  }

  bytes(length: number, name: string): Uint8Array {
    const value = this.#take(name);
    const bytes = typeof value === 'string' ? fromHex(value, length) : undefined;
    if (!bytes) throw this.#wrong(name, `${2 * length} hex digits`, value);
    return bytes;
  }

  string(most: number, name: string): string {
    const value = this.#take(name);
    if (typeof value === 'string' && value.length <= most) return value;
    throw this.#wrong(name, `at most ${most} characters`, value);
  }

  end(): void {
    const [name] = this.#members.keys();
    if (name !== undefined) throw new FormatError(this.#what, `${this.#name(name)}: expected nothing of this name`);
  }

  #take(name: string): unknown {
    const value = this.#members.get(name);
    this.#members.delete(name);
    return value;
  }

  #name = (name: string): string => (this.#of ? `${this.#of}.${name}` : name);

  #wrong(name: string, expected: string, found: unknown): FormatError {
    return new FormatError(this.#what, `${this.#name(name)}: expected ${expected}, found ${JSON.stringify(found) ?? 'nothing'}`);
  }
}

function read<T>(what: string, value: unknown, part: string, of: (members: Members) => T): { stated: T; signature: Uint8Array } {
  const file = new Members(value, what);
  const members = file.part(part);
  const stated = of(members);
  members.end();
  const signature = file.bytes(64, 'signature');
  file.end();
  return { stated, signature };
}

function tokens(members: Members, bits: 64 | 128) {
  const [input, cached, output] = [members.text(bits, 'input'), members.text(bits, 'cached'), members.text(bits, 'output')];
  members.end();
  return { input, cached, output };
}

function price(members: Members): Price {
  if (!members.has('unit')) return { per: 'tokens', ...tokens(members, 128) };
  const unit = members.text(128, 'unit');
  members.end();
  return { per: 'units', unit };
}

function usage(members: Members): Usage {
  if (!members.has('units')) return { of: 'tokens', ...tokens(members, 64) };
  const units = members.text(64, 'units');
  members.end();
  return { of: 'units', units };
}

const lane = (members: Members) => ({
  channel: members.text(64, 'channel'),
  session: members.number(32, 'session'),
  lane: members.number(16, 'lane'),
  nonce: members.text(64, 'nonce'),
  service: members.text(64, 'service'),
});

/** @throws {FormatError} that says where it is something else. */
export function voucherFromJson(json: unknown): SignedVoucher {
  const { stated, signature } = read('voucher', json, 'voucher', (members) => ({
    ...lane(members),
    paid: members.text(128, 'paid'),
    maximum: members.text(128, 'maximum'),
    request: toHex(members.bytes(32, 'request')),
    expires: members.text(64, 'expires'),
    price: price(members.part('price')),
  }));
  return { voucher: stated, signature: { scheme: 'sr25519', bytes: signature } };
}

/** @throws {FormatError} that says where it is something else. */
export function receiptFromJson(json: unknown): SignedReceipt {
  const { stated, signature } = read('receipt', json, 'receipt', (members) => ({
    ...lane(members),
    request: toHex(members.bytes(32, 'request')),
    response: toHex(members.bytes(32, 'response')),
    responseBytes: members.text(64, 'response_bytes'),
    model: members.string(96, 'model'),
    usage: usage(members.part('usage')),
    price: price(members.part('price')),
    amount: members.text(128, 'amount'),
    cumulative: members.text(128, 'cumulative'),
    time: members.text(64, 'time'),
  }));
  return { receipt: stated, signature: { scheme: 'sr25519', bytes: signature } };
}
