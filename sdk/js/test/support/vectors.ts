// The examples that the Rust side writes and holds itself to.

import { readFileSync } from 'node:fs';
import type { Price, Receipt, Usage, Voucher } from '@noema/sdk';

const ROOT = new URL('../../../../../', import.meta.url);

/** A file of examples; what stands in it is what its Rust test says. */
// Each test knows the form of the part that it reads.
export const vectors = (path: string): any => JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));

/** Any other file of the repository. */
export const repositoryFile = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, ROOT)));

export const bytes = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, 'hex'));
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

type Texts = Record<string, string>;

export const priceOf = ({ unit, input = '', cached = '', output = '' }: Texts): Price =>
  unit === undefined
    ? { per: 'tokens', input: BigInt(input), cached: BigInt(cached), output: BigInt(output) }
    : { per: 'units', unit: BigInt(unit) };

export const usageOf = ({ units, input = '', cached = '', output = '' }: Texts): Usage =>
  units === undefined
    ? { of: 'tokens', input: BigInt(input), cached: BigInt(cached), output: BigInt(output) }
    : { of: 'units', units: BigInt(units) };

export const voucherOf = (json: any): Voucher => ({
  channel: BigInt(json.channel),
  session: json.session,
  lane: json.lane,
  nonce: BigInt(json.nonce),
  service: BigInt(json.service),
  paid: BigInt(json.paid),
  maximum: BigInt(json.maximum),
  request: `0x${json.request}`,
  expires: BigInt(json.expires),
  price: priceOf(json.price),
});

export const receiptOf = (json: any): Receipt => ({
  channel: BigInt(json.channel),
  session: json.session,
  lane: json.lane,
  nonce: BigInt(json.nonce),
  service: BigInt(json.service),
  request: `0x${json.request}`,
  response: `0x${json.response}`,
  responseBytes: BigInt(json.response_bytes),
  model: json.model,
  usage: usageOf(json.usage),
  price: priceOf(json.price),
  amount: BigInt(json.amount),
  cumulative: BigInt(json.cumulative),
  time: BigInt(json.time),
});
