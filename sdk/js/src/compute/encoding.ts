// Vouchers and receipts as bytes: what is signed, and what travels.

import { concat, fromBase64Url, fromHex, toBase64Url, toHex } from '../bytes.js';
import { FormatError, UsageError } from '../errors.js';
import { ascii } from '../hash.js';
import { Reader, Writer } from '../scale.js';
import { encodeSignature, isSignedBy, signRaw } from '../signature.js';
import type { Key } from '../signer.js';
import type { Price, Receipt, SignedReceipt, SignedVoucher, Usage, Voucher } from './types.js';

const VOUCHER_DOMAIN = ascii('noema/compute/voucher/v1');
const RECEIPT_DOMAIN = ascii('noema/compute/receipt/v1');
/** The longest name of a model, in bytes. */
const MAX_MODEL = 96;
/** The longest text that is looked at. */
const MAX_TEXT = 1024;

/** 32 bytes of a hash's text. */
function hash(text: string, name: string): Uint8Array {
  const bytes = fromHex(text, 32);
  if (!bytes) throw new UsageError(`${name}: expected 0x and 64 hex digits, found ${text}`);
  return bytes;
}

function writePrice(to: Writer, price: Price): Writer {
  if (price.per === 'units') return to.uint(8, 1, 'price').uint(128, price.unit, 'price.unit');
  return to
    .uint(8, 0, 'price')
    .uint(128, price.input, 'price.input')
    .uint(128, price.cached, 'price.cached')
    .uint(128, price.output, 'price.output');
}

function readPrice(from: Reader): Price {
  if (from.variant(2, 'price') === 1) return { per: 'units', unit: from.uint(128) };
  return { per: 'tokens', input: from.uint(128), cached: from.uint(128), output: from.uint(128) };
}

function writeUsage(to: Writer, usage: Usage): Writer {
  if (usage.of === 'units') return to.uint(8, 1, 'usage').uint(64, usage.units, 'usage.units');
  return to
    .uint(8, 0, 'usage')
    .uint(64, usage.input, 'usage.input')
    .uint(64, usage.cached, 'usage.cached')
    .uint(64, usage.output, 'usage.output');
}

function readUsage(from: Reader): Usage {
  if (from.variant(2, 'usage') === 1) return { of: 'units', units: from.uint(64) };
  return { of: 'tokens', input: from.uint(64), cached: from.uint(64), output: from.uint(64) };
}

/** A byte for each character: names of models are ASCII, and what is not stays as different as it was. */
function nameBytes(name: string): Uint8Array {
  const codes = Array.from(name, (character) => character.charCodeAt(0));
  if (codes.length > MAX_MODEL || codes.some((code) => code > 0xff)) {
    throw new UsageError(`model: expected at most ${MAX_MODEL} ASCII characters, found ${name}`);
  }
  return Uint8Array.from(codes);
}

/** SCALE of a voucher: 119 or 151 bytes. */
export function encodeVoucher(voucher: Voucher): Uint8Array<ArrayBuffer> {
  const to = new Writer()
    .uint(64, voucher.channel, 'channel')
    .uint(32, voucher.session, 'session')
    .uint(16, voucher.lane, 'lane')
    .uint(64, voucher.nonce, 'nonce')
    .uint(64, voucher.service, 'service')
    .uint(128, voucher.paid, 'paid')
    .uint(128, voucher.maximum, 'maximum')
    .bytes(hash(voucher.request, 'request'))
    .uint(64, voucher.expires, 'expires');
  return writePrice(to, voucher.price).finish();
}

/** SCALE of a receipt. */
export function encodeReceipt(receipt: Receipt): Uint8Array<ArrayBuffer> {
  const to = new Writer()
    .uint(64, receipt.channel, 'channel')
    .uint(32, receipt.session, 'session')
    .uint(16, receipt.lane, 'lane')
    .uint(64, receipt.nonce, 'nonce')
    .uint(64, receipt.service, 'service')
    .bytes(hash(receipt.request, 'request'))
    .bytes(hash(receipt.response, 'response'))
    .uint(64, receipt.responseBytes, 'response_bytes')
    .sized(nameBytes(receipt.model));
  return writePrice(writeUsage(to, receipt.usage), receipt.price)
    .uint(128, receipt.amount, 'amount')
    .uint(128, receipt.cumulative, 'cumulative')
    .uint(64, receipt.time, 'time')
    .finish();
}

const readLane = (from: Reader) => ({
  channel: from.uint(64),
  session: Number(from.uint(32)),
  lane: Number(from.uint(16)),
  nonce: from.uint(64),
  service: from.uint(64),
});

function readVoucher(from: Reader): Voucher {
  return {
    ...readLane(from),
    paid: from.uint(128),
    maximum: from.uint(128),
    request: toHex(from.bytes(32)),
    expires: from.uint(64),
    price: readPrice(from),
  };
}

function readReceipt(from: Reader): Receipt {
  return {
    ...readLane(from),
    request: toHex(from.bytes(32)),
    response: toHex(from.bytes(32)),
    responseBytes: from.uint(64),
    model: String.fromCharCode(...from.sized(MAX_MODEL, 'model')),
    usage: readUsage(from),
    price: readPrice(from),
    amount: from.uint(128),
    cumulative: from.uint(128),
    time: from.uint(64),
  };
}

function readSignature(from: Reader, what: string): SignedVoucher['signature'] {
  const scheme = from.uint(8);
  if (scheme !== 1n) throw new FormatError(what, `expected a signature of sr25519, scheme 1, found scheme ${scheme}`);
  return { scheme: 'sr25519', bytes: from.bytes(64) };
}

/** What is signed of a voucher, for the chain with this genesis hash. */
export const voucherPayload = (voucher: Voucher, genesis: string): Uint8Array<ArrayBuffer> =>
  concat(VOUCHER_DOMAIN, hash(genesis, 'genesis'), encodeVoucher(voucher));

/** What is signed of a receipt, for the chain with this genesis hash. */
export const receiptPayload = (receipt: Receipt, genesis: string): Uint8Array<ArrayBuffer> =>
  concat(RECEIPT_DOMAIN, hash(genesis, 'genesis'), encodeReceipt(receipt));

/** Signs a voucher with the key of the channel's session, for the chain with this genesis hash. */
export const signVoucher = async (key: Key, genesis: string, voucher: Voucher): Promise<SignedVoucher> => ({
  voucher,
  signature: await signRaw(key, voucherPayload(voucher, genesis)),
});

/** Signs a receipt with a service key. Gateways do. */
export const signReceipt = async (key: Key, genesis: string, receipt: Receipt): Promise<SignedReceipt> => ({
  receipt,
  signature: await signRaw(key, receiptPayload(receipt, genesis)),
});

/** Whether the key of an account (32 bytes) signed the voucher for this chain. By sr25519, as everything on the wire. */
export const isVoucherBy = ({ voucher, signature }: SignedVoucher, account: Uint8Array, genesis: string): boolean =>
  signature.scheme === 'sr25519' && isSignedBy(account, voucherPayload(voucher, genesis), signature);

/** Whether the key of an account (32 bytes) signed the receipt for this chain. */
export const isReceiptBy = ({ receipt, signature }: SignedReceipt, account: Uint8Array, genesis: string): boolean =>
  signature.scheme === 'sr25519' && isSignedBy(account, receiptPayload(receipt, genesis), signature);

/** As a header has it: base64url without padding of SCALE(voucher ‖ signature). */
export const voucherToText = ({ voucher, signature }: SignedVoucher): string =>
  toBase64Url(concat(encodeVoucher(voucher), encodeSignature(signature)));

/** As a header or an event has it. */
export const receiptToText = ({ receipt, signature }: SignedReceipt): string =>
  toBase64Url(concat(encodeReceipt(receipt), encodeSignature(signature)));

function fromText<T>(text: string, what: string, read: (from: Reader) => T): T {
  if (text.length > MAX_TEXT) throw new FormatError(what, `it has ${text.length} characters; expected at most ${MAX_TEXT}`);
  const bytes = fromBase64Url(text);
  if (!bytes) throw new FormatError(what, 'expected base64url without padding');
  const from = new Reader(bytes, what);
  const found = read(from);
  from.end();
  return found;
}

/** @throws {FormatError} when it has another form than `voucherToText` gives. */
export const voucherFromText = (text: string): SignedVoucher =>
  fromText(text, 'voucher', (from) => ({ voucher: readVoucher(from), signature: readSignature(from, 'voucher') }));

/** @throws {FormatError} when it has another form than `receiptToText` gives. */
export const receiptFromText = (text: string): SignedReceipt =>
  fromText(text, 'receipt', (from) => ({ receipt: readReceipt(from), signature: readSignature(from, 'receipt') }));
