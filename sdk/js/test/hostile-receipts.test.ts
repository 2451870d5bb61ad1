// A receipt in which anything was changed is refused, by whomever it is signed, and the error says what.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FormatError,
  ReceiptError,
  ResponseHasher,
  checkReceipt,
  checkWhole,
  cost,
  keyFromUri,
  receiptFromText,
  receiptToText,
  signReceipt,
  type Asked,
  type Price,
  type Receipt,
  type Usage,
  type Voucher,
} from '@noema/sdk';
import { accountAddress } from '#dist/chain/chain.js';
import { seeded } from './support/content.js';

const GENESIS = `0x${'07'.repeat(32)}`;
const service = await keyFromUri('//Bob//receipts');
const other = await keyFromUri('//Eve');

/** Numbers and bytes from a seed: the same in every run. */
class Draw {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(seed: string) {
    this.#bytes = seeded(seed, 4096);
  }

  bytes(length: number): Uint8Array {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  below(most: bigint): bigint {
    return BigInt(`0x${Buffer.from(this.bytes(20)).toString('hex')}`) % most;
  }

  hash(): string {
    return `0x${Buffer.from(this.bytes(32)).toString('hex')}`;
  }

  /** Another one. */
  not(value: bigint, most: bigint): bigint {
    return (value + 1n + this.below(most - 1n)) % most;
  }
}

const U64 = 1n << 64n;
const U128 = 1n << 128n;

interface Scene {
  readonly asked: Asked;
  readonly receipt: Receipt;
  readonly body: Uint8Array;
  readonly said: Usage;
}

function scene(draw: Draw): Scene {
  const price: Price = { per: 'tokens', input: 1n + draw.below(1n << 60n), cached: draw.below(1n << 60n), output: 1n + draw.below(1n << 60n) };
  const usage: Usage = { of: 'tokens', input: 1n + draw.below(500n), cached: draw.below(500n), output: 1n + draw.below(1000n) };
  const lane = {
    channel: draw.below(U64),
    session: Number(draw.below(1n << 32n)),
    lane: Number(draw.below(1n << 16n)),
    nonce: 1n + draw.below(U64 - 2n),
    service: draw.below(U64),
    request: draw.hash(),
  };
  const exact = cost(price, usage);
  // Every other request costs all that it may.
  const maximum = draw.below(2n) === 0n ? exact + draw.below(exact) : 1n + draw.below(exact);
  const voucher: Voucher = { ...lane, paid: draw.below(1n << 100n), maximum, expires: draw.below(U64), price };
  const body = draw.bytes(100);
  const response = new ResponseHasher(200);
  response.update(body);
  const amount = exact < maximum ? exact : maximum;
  const receipt: Receipt = {
    ...lane,
    response: response.finish(),
    responseBytes: response.length,
    model: 'tiny/1',
    usage,
    price,
    amount,
    cumulative: voucher.paid + amount,
    time: draw.below(U64),
  };
  const asked = { voucher, model: 'tiny/1', serviceKey: accountAddress(service.publicKey), genesis: GENESIS, bodyBytes: 100n, maxOutput: 1000n };
  return { asked, receipt, body, said: usage };
}

async function judged({ asked, body, said }: Scene, receipt: Receipt, key = service, genesis = GENESIS) {
  const response = new ResponseHasher(200);
  response.update(body);
  return checkWhole(asked, await signReceipt(key, genesis, receipt), 200, response, said);
}

type Change = (receipt: Receipt, draw: Draw) => Receipt;

/** A price that differs in what cached tokens cost. */
function dearer(price: Price, draw: Draw): Price {
  assert.ok(price.per === 'tokens');
  return { ...price, cached: draw.not(price.cached, 1n << 60n) };
}

/** Each field of a receipt, and a change that makes it say something else. */
const CHANGES: readonly [field: string, change: Change][] = [
  ['channel', (r, draw) => ({ ...r, channel: draw.not(r.channel, U64) })],
  ['session', (r, draw) => ({ ...r, session: Number(draw.not(BigInt(r.session), 1n << 32n)) })],
  ['lane', (r, draw) => ({ ...r, lane: Number(draw.not(BigInt(r.lane), 1n << 16n)) })],
  ['nonce', (r, draw) => ({ ...r, nonce: draw.not(r.nonce, U64) })],
  ['service', (r, draw) => ({ ...r, service: draw.not(r.service, U64) })],
  ['request', (r, draw) => ({ ...r, request: draw.hash() })],
  ['response', (r, draw) => ({ ...r, response: draw.hash() })],
  ['response_bytes', (r, draw) => ({ ...r, responseBytes: draw.not(r.responseBytes, U64) })],
  ['model', (r, draw) => ({ ...r, model: `tiny/${2n + draw.below(100n)}` })],
  ['price', (r, draw) => ({ ...r, price: { per: 'units', unit: draw.below(U128) } })],
  ['price', (r, draw) => ({ ...r, price: dearer(r.price, draw) })],
  ['usage', (r, draw) => ({ ...r, usage: { of: 'units', units: draw.below(U64) } })],
  ['amount', (r, draw) => ({ ...r, amount: draw.not(r.amount, U128) })],
  ['cumulative', (r, draw) => ({ ...r, cumulative: draw.not(r.cumulative, U128) })],
];

/** Sets a usage and what follows from it, as a liar does who can count. */
function charge(receipt: Receipt, { voucher }: Asked, usage: Usage): Receipt {
  const exact = cost(receipt.price, usage);
  const amount = exact < voucher.maximum ? exact : voucher.maximum;
  return { ...receipt, usage, amount, cumulative: voucher.paid + amount };
}

test('each field that says something else is refused and named, though the service key signs it', { timeout: 60_000 }, async () => {
  for (let run = 0; run < 12; run++) {
    const draw = new Draw(`hostile ${run}`);
    const made = scene(draw);
    assert.equal(await judged(made, made.receipt), 'matches', `run ${run}`);
    for (const [field, change] of CHANGES) {
      await assert.rejects(judged(made, change(made.receipt, draw)), (error) => {
        assert.ok(error instanceof ReceiptError, String(error));
        assert.equal(error.field, field, `run ${run}: ${error.message}`);
        assert.ok(error.message.includes(error.expected) && error.message.includes(error.found));
        return error.expected !== error.found;
      });
    }
  }
});

test('more usage than the answer says, than its bytes can be, than was allowed is refused', { timeout: 60_000 }, async () => {
  for (let run = 0; run < 6; run++) {
    const draw = new Draw(`usage ${run}`);
    const made = scene(draw);
    const said = made.said as Usage & { of: 'tokens' };
    const more = 1n + draw.below(1000n);
    const lies: Usage[] = [
      { ...said, input: said.input + more },
      { ...said, cached: said.cached + more },
      { ...said, output: said.output + more },
      // The same tokens, but at the price of those that were not cached.
      { ...said, input: said.input + 1n, cached: said.cached - 1n },
    ];
    for (const usage of lies.filter(({ of, ...counts }) => of === 'tokens' && Object.values(counts).every((count) => (count as bigint) >= 0n))) {
      const lie = charge(made.receipt, made.asked, usage);
      await assert.rejects(judged(made, lie), (error) => error instanceof ReceiptError && error.code === 'usage');
    }
    // Though the answer itself says so.
    const beyond = async (usage: Usage) => judged({ ...made, said: usage }, charge(made.receipt, made.asked, usage));
    await assert.rejects(beyond({ ...said, input: 1125n, cached: 0n }), (error) => error instanceof ReceiptError && error.code === 'input');
    await assert.rejects(beyond({ ...said, output: 1001n }), (error) => error instanceof ReceiptError && error.code === 'output');
  }
});

test('a receipt by another key, for another chain, or with any bit of its text changed is refused', { timeout: 60_000 }, async () => {
  const draw = new Draw('bits');
  const made = scene(draw);
  for (const [key, genesis] of [[other, GENESIS], [service, `0x${'08'.repeat(32)}`]] as const) {
    await assert.rejects(judged(made, made.receipt, key, genesis), (error) => error instanceof ReceiptError && error.field === 'signature');
  }
  const text = receiptToText(await signReceipt(service, GENESIS, made.receipt));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const response = new ResponseHasher(200);
  response.update(made.body);
  assert.equal(checkReceipt(made.asked, receiptFromText(text), response), 'matches');
  for (let at = 0; at < text.length; at += 3) {
    const changed = alphabet[(alphabet.indexOf(text[at] as string) + 1 + Number(draw.below(63n))) % 64];
    const lie = text.slice(0, at) + changed + text.slice(at + 1);
    const check = () => checkReceipt(made.asked, receiptFromText(lie), response);
    assert.throws(check, (error) => error instanceof FormatError || error instanceof ReceiptError, `character ${at}`);
  }
});

test('what a provider says does not reach a screen as it is', async () => {
  const made = scene(new Draw('screen'));
  await assert.rejects(judged(made, { ...made.receipt, model: '\u001b[31mtiny/1\n' }), (error) => {
    assert.ok(error instanceof ReceiptError);
    assert.deepEqual([error.field, error.expected, error.found], ['model', 'tiny/1', '[31mtiny/1']);
    return !/[\u0000-\u001f]/.test(error.message);
  });
});

test('what is no answer, or tells no usage, may cost nothing', async () => {
  const made = scene(new Draw('status'));
  const response = new ResponseHasher(200);
  response.update(made.body);
  const signed = await signReceipt(service, GENESIS, made.receipt);
  assert.throws(() => checkWhole(made.asked, signed, 200, response, undefined), (error) => error instanceof ReceiptError && error.code === 'no_usage');
  const failed = new ResponseHasher(500);
  failed.update(made.body);
  const charged = await signReceipt(service, GENESIS, { ...made.receipt, response: failed.finish() });
  assert.throws(() => checkWhole(made.asked, charged, 500, failed, made.said), (error) => error instanceof ReceiptError && error.code === 'charged');
});

test('a receipt whose answer did not arrive is payable, the response unverified, and all else is checked', async () => {
  const made = scene(new Draw('unseen'));
  const sign = (receipt: Receipt) => signReceipt(service, GENESIS, receipt);
  assert.equal(checkReceipt(made.asked, await sign(made.receipt), undefined), 'unverified');
  const dearer = { ...made.receipt, amount: made.receipt.amount + 1n, cumulative: made.receipt.cumulative + 1n };
  const lie = await sign(dearer);
  assert.throws(() => checkReceipt(made.asked, lie, undefined), (error) => error instanceof ReceiptError && error.field === 'amount');
});
