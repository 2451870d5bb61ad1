// What is hashed, signed, sent and judged is the same as on the Rust side, byte by byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FormatError,
  PriceError,
  ReceiptError,
  ResponseHasher,
  affordableOutput,
  ceiling,
  checkReceipt,
  checkWhole,
  cost,
  decodeSignature,
  isReceiptBy,
  isSignedBy,
  isVoucherBy,
  receiptFromJson,
  receiptFromText,
  receiptPayload,
  receiptToJson,
  receiptToText,
  requestHash,
  voucherFromJson,
  voucherFromText,
  voucherPayload,
  voucherToJson,
  voucherToText,
  type Asked,
  type Usage,
} from '@noema/sdk';
import { accountAddress } from '#dist/chain/chain.js';
import { Events } from '#dist/compute/sse.js';
import { readPiece } from '#dist/compute/openai.js';
import { bytes, hex, priceOf, receiptOf, usageOf, vectors, voucherOf } from './support/vectors.js';

const signed = vectors('primitives/compute/tests/vectors.json');
const sent = vectors('services/compute/tests/vectors.json');
const GENESIS = `0x${'11'.repeat(32)}`;

test('requests and responses hash to the same', () => {
  assert.equal(signed.request.length, 5);
  for (const { route, body, hash } of signed.request) assert.equal(requestHash(route, bytes(body)), `0x${hash}`);
  assert.equal(signed.response.length, 5);
  for (const { status, chunks, bytes: length, hash } of signed.response) {
    const hasher = new ResponseHasher(status);
    for (const chunk of chunks) hasher.update(bytes(chunk));
    assert.deepEqual([`${hasher.length}`, hasher.finish()], [length, `0x${hash}`]);
  }
});

test('costs and bounds are the same', () => {
  assert.equal(signed.cost.length, 10);
  for (const { price, usage, cost: expected } of signed.cost) {
    const counted = () => cost(priceOf(price), usageOf(usage));
    if (typeof expected === 'string') assert.equal(`${counted()}`, expected);
    else assert.throws(counted, (error) => error instanceof PriceError && error.code === expected.error);
  }
  assert.equal(sent.bounds.length, 16);
  for (const { price, body_bytes, output, ceiling: most, maximum, affordable } of sent.bounds) {
    const counted = () => ceiling(priceOf(price), BigInt(body_bytes), BigInt(output));
    if (most === null) assert.throws(counted, PriceError);
    else assert.equal(`${counted()}`, most);
    const tokens = affordableOutput(priceOf(price), BigInt(maximum), BigInt(body_bytes));
    assert.equal(tokens === undefined ? null : `${tokens}`, affordable);
  }
});

test('vouchers and receipts are signed as the same bytes', () => {
  const cases = [
    ...signed.voucher.map((json: any) => [json, voucherPayload(voucherOf(json), `0x${json.genesis}`)]),
    ...signed.receipt.map((json: any) => [json, receiptPayload(receiptOf(json), `0x${json.genesis}`)]),
  ];
  assert.equal(cases.length, 4);
  for (const [{ signed: { payload, ed25519 } }, made] of cases) {
    assert.equal(hex(made), payload);
    const signature = { scheme: 'ed25519', bytes: bytes(ed25519.signature) } as const;
    assert.ok(isSignedBy(bytes(ed25519.public), made, signature));
    made[0] ^= 1;
    assert.ok(!isSignedBy(bytes(ed25519.public), made, signature));
  }
  const { payload, public: key, signature } = signed.sr25519;
  assert.ok(isSignedBy(bytes(key), bytes(payload), decodeSignature(bytes(`01${signature}`))));
});

test('vouchers and receipts travel, and lie in files, in the same form', () => {
  const { session_key, service_key, voucher, receipt, refused } = sent.texts;
  assert.equal(voucher.length + receipt.length, 4);
  for (const { json, text } of voucher) {
    const read = voucherFromText(text);
    assert.equal(voucherToText(read), text);
    assert.deepEqual(voucherToJson(read), json);
    assert.deepEqual(voucherFromJson(json), read);
    assert.ok(isVoucherBy(read, bytes(session_key), GENESIS));
    assert.ok(!isVoucherBy(read, bytes(service_key), GENESIS));
  }
  for (const { json, text } of receipt) {
    const read = receiptFromText(text);
    assert.equal(receiptToText(read), text);
    assert.deepEqual(receiptToJson(read), json);
    assert.deepEqual(receiptFromJson(json), read);
    assert.ok(isReceiptBy(read, bytes(service_key), GENESIS));
    assert.ok(!isReceiptBy(read, bytes(service_key), `0x${'12'.repeat(32)}`));
  }
  assert.equal(refused.length, 8);
  for (const text of refused) assert.throws(() => voucherFromText(text), FormatError, text);
});

test('files that are something else are refused with their place', () => {
  const [{ json }] = sent.texts.voucher;
  const wrong = (name: string, value: unknown) => ({ ...json, voucher: { ...json.voucher, [name]: value } });
  for (const value of ['', '-1', '+1', '01', '1.5', '1e3', ' 1', '18446744073709551616', 7]) {
    assert.throws(() => voucherFromJson(wrong('channel', value)), /not a voucher: voucher.channel: expected a decimal number/);
  }
  assert.throws(() => voucherFromJson(wrong('request', '0x33')), /voucher.request: expected 64 hex digits/);
  assert.throws(() => voucherFromJson(wrong('more', '1')), /voucher.more: expected nothing of this name/);
  assert.throws(() => voucherFromJson(wrong('price', { unit: '1', input: '2' })), /voucher.price.input: expected nothing/);
  assert.throws(() => voucherFromJson({ ...json, claim: '1' }), /claim: expected nothing/);
  assert.throws(() => receiptFromJson(json), /not a receipt: receipt: expected an object/);
});

test('streams are cut into the same events', () => {
  assert.equal(sent.streams.length, 5);
  for (const { chunks, events, rest } of sent.streams) {
    // However they are cut.
    for (const cut of [chunks.map(bytes), [...bytes(chunks.join(''))].map((byte) => Uint8Array.of(byte))]) {
      const cutter = new Events();
      const found = [];
      for (const chunk of cut) {
        cutter.push(chunk);
        for (let event = cutter.next(); event; event = cutter.next()) {
          const data = event.data === undefined ? null : Buffer.from(event.data).toString('hex');
          found.push({ raw: hex(event.raw), data, is_receipt: event.isReceipt, is_done: event.isDone });
        }
      }
      assert.deepEqual(found, events);
      assert.equal(hex(cutter.rest), rest);
    }
  }
});

test('an event without end is refused and not kept', () => {
  const cutter = new Events();
  cutter.push(new Uint8Array(1 << 20).fill(97));
  assert.equal(cutter.next(), undefined);
  cutter.push(new Uint8Array(2).fill(97));
  assert.throws(() => cutter.next(), /more than 1048576 bytes/);
});

test('answers say the same usage', () => {
  assert.equal(sent.usages.length, 11);
  for (const { body, usage, has_choices } of sent.usages) {
    const piece = readPiece(Buffer.from(body, 'hex').toString());
    assert.deepEqual(piece.usage, usage === null ? undefined : usageOf(usage), Buffer.from(body, 'hex').toString());
    assert.equal(piece.hasChoices, has_choices);
  }
});

test('answers are judged the same', () => {
  const { genesis, voucher, model, key, body_bytes, max_output, cases } = sent.answers;
  const asked: Asked = {
    voucher: voucherFromText(voucher).voucher,
    model,
    serviceKey: accountAddress(bytes(key)),
    genesis: `0x${genesis}`,
    bodyBytes: BigInt(body_bytes),
    maxOutput: BigInt(max_output),
  };
  assert.equal(cases.length, 31);
  for (const { name, receipt, answer, judged } of cases) {
    const check = () => {
      const signedReceipt = receiptFromText(receipt);
      if (answer === null) return checkReceipt(asked, signedReceipt, undefined);
      if (answer.stream === undefined) {
        const hasher = new ResponseHasher(answer.status);
        hasher.update(bytes(answer.body));
        return checkWhole(asked, signedReceipt, answer.status, hasher, readPiece(Buffer.from(answer.body, 'hex').toString()).usage);
      }
      const hasher = new ResponseHasher(200);
      const events = new Events();
      events.push(bytes(answer.stream));
      let said: Usage | undefined;
      for (let event = events.next(); event; event = events.next()) {
        hasher.update(event.raw);
        said = readPiece(event.data ?? '').usage ?? said;
      }
      return checkReceipt(asked, signedReceipt, hasher, said);
    };
    if (judged === 'matches' || judged === 'unverified') assert.equal(check(), judged, name);
    else assert.throws(check, (error) => error instanceof ReceiptError && error.code === judged, `${name}: ${judged}`);
  }
});
