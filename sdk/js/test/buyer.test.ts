// Buying answers from a gateway that is honest, breaks off, refuses, or lies.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  Buyer,
  LaneError,
  ProviderError,
  UsageError,
  WrongAnswerError,
  cost,
  keyFromUri,
  memoryStorage,
  signerFromUri,
  type BuyerOptions,
  type ChatChunk,
  type LaneStorage,
  type Receipt,
  type SignedReceipt,
} from '@noema/sdk';
import { PRICE, TestGateway, used, words } from './support/gateway.js';

const key = await keyFromUri('//Dave//session');
const ask = (max_tokens?: number) => ({ messages: [{ role: 'user', content: 'Hi' }], ...(max_tokens ? { max_tokens } : {}) });
const costOf = (output: number) => cost(PRICE, used(output));

const running: TestGateway[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});

async function market(lanes = 1, options: Partial<BuyerOptions> = {}) {
  const gateway = await TestGateway.start(lanes);
  running.push(gateway);
  const storage = options.storage ?? memoryStorage();
  const open = (more: Partial<BuyerOptions> = {}) => Buyer.open(async () => gateway.terms, { key, storage, ...options, ...more });
  return { gateway, storage, open, buyer: await open() };
}

/** All pieces that come. */
async function pieces(stream: AsyncIterable<ChatChunk>): Promise<string[]> {
  const found = [];
  for await (const { choices } of stream) found.push(choices[0]?.delta?.content ?? '');
  return found;
}

test('answers are bought as a whole, as a stream and as vectors; each voucher continues from the last receipt', async () => {
  const receipts: SignedReceipt[] = [];
  const { gateway, buyer } = await market(1, { onReceipt: (signed, check) => (assert.equal(check, 'matches'), receipts.push(signed)) });
  const whole = await buyer.chat(ask(3));
  assert.equal(whole.body.choices[0]?.message.content, words(3).join(''));
  assert.equal(whole.verification, 'unverified');
  assert.equal(whole.receipt.receipt.amount, costOf(3));

  const stream = await buyer.streamChat(ask(4));
  assert.equal(stream.verification, 'unverified');
  assert.equal(stream.receipt as unknown, undefined, 'not before its end');
  assert.deepEqual(await pieces(stream), words(4));
  assert.deepEqual(stream.usage, used(4));
  const { receipt: streamed } = stream;
  assert.equal(streamed?.receipt.cumulative, costOf(3) + costOf(4));

  const vectors = await buyer.embeddings({ input: 'a text' });
  assert.deepEqual(vectors.body.data[0]?.embedding, [0.5]);
  const owed = costOf(3) + costOf(4) + cost(PRICE, used(0));
  assert.deepEqual(buyer.spending, { owed, promised: 0n });
  assert.equal(gateway.owed(), owed);
  assert.deepEqual(gateway.requests.map(({ path, nonce }) => [path, nonce]), [
    ['/v1/chat/completions', 1n],
    ['/v1/chat/completions', 2n],
    ['/v1/embeddings', 3n],
  ]);
  assert.deepEqual(receipts.map(({ receipt }) => receipt.nonce), [1n, 2n, 3n]);
  assert.deepEqual(buyer.receipts[0]?.map(({ receipt }) => receipt.nonce), [3n, 2n]);
});

test('requests at the same time take a lane each, and wait for one', async () => {
  const { gateway, buyer } = await market(3);
  // Nobody is answered until three ask.
  let all: (value: unknown) => void = () => undefined;
  const three = new Promise((resolve) => (all = resolve));
  gateway.behave = () => {
    if (gateway.requests.length === 3) all(undefined);
    return { wait: three };
  };
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => buyer.chat(ask(1 + i))));
  answers.forEach(({ body }, i) => assert.equal(body.choices[0]?.message.content, words(1 + i).join('')));
  assert.equal(gateway.atOnce, 3);
  assert.deepEqual(new Set(gateway.requests.map(({ lane }) => lane)), new Set([0, 1, 2]));
  const owed = answers.reduce((sum, { receipt }) => sum + receipt.receipt.amount, 0n);
  assert.deepEqual(buyer.spending, { owed, promised: 0n });
});

test('a restart loses nothing: it goes on from what the storage has', async () => {
  const { gateway, buyer, open } = await market();
  await buyer.chat(ask(2));
  gateway.behave = () => ({ breakAfter: 3 });
  gateway.withhold = { status: 503, code: 'stopping' };
  await assert.rejects(pieces(await buyer.streamChat(ask(9))), (error) => error instanceof ProviderError && error.code === 'broke_off');
  await buyer.close();
  assert.ok(buyer.spending.promised > 0n, 'its receipt could not be had');

  gateway.behave = () => undefined;
  gateway.withhold = undefined;
  const unseen: string[] = [];
  const again = await open({ onReceipt: (_, check) => unseen.push(check) });
  assert.deepEqual(again.spending, buyer.spending);
  const { receipt } = await again.chat(ask(1));
  assert.deepEqual(unseen, ['unverified', 'matches']);
  assert.equal(receipt.receipt.nonce, 3n);
  assert.equal(receipt.receipt.cumulative, costOf(2) + costOf(3) + costOf(1), 'what broke off is paid for as far as it came');
  assert.equal(gateway.owed(), again.spending.owed);
});

test('nothing is sent before its voucher is stored', async () => {
  const kept = memoryStorage();
  let isFull = true;
  const storage: LaneStorage = {
    get: kept.get,
    put: async (...entry) => {
      if (isFull) throw new Error('the disk is full');
      await kept.put(...entry);
    },
  };
  const { gateway, buyer } = await market(1, { storage });
  await assert.rejects(buyer.chat(ask(1)), /the disk is full/);
  assert.deepEqual(gateway.requests, []);
  isFull = false;
  assert.equal((await buyer.chat(ask(1))).receipt.receipt.nonce, 1n);
});

test('an answer that is good is given though its receipt cannot be stored, and is paid for once', async () => {
  const kept = memoryStorage();
  let puts = 0;
  const storage: LaneStorage = {
    get: kept.get,
    put: async (...entry) => {
      puts += 1;
      if (puts === 2) throw new Error('the disk is full');
      await kept.put(...entry);
    },
  };
  const { gateway, buyer, open } = await market(1, { storage });
  await buyer.chat(ask(2));
  const again = await open();
  assert.ok(again.spending.promised > 0n);
  assert.deepEqual(await again.settle(), { owed: costOf(2), promised: 0n });
  assert.equal(gateway.owed(), costOf(2));
});

test('what is refused costs nothing, and the lane goes on', async () => {
  const { gateway, buyer } = await market();
  for (const [refuse, code] of [[402, 'price_changed'], [429, 'no_place'], [503, 'chain_stale']] as const) {
    gateway.behave = () => ({ refuse, code });
    await assert.rejects(buyer.chat(ask(1)), (error) => {
      assert.ok(error instanceof ProviderError);
      assert.deepEqual([error.code, error.status, error.refusal], ['refused', refuse, code]);
      assert.equal(error.isPassing, refuse !== 402);
      return true;
    });
  }
  gateway.behave = () => 'fail';
  await assert.rejects(buyer.chat(ask(1)), (error) => error instanceof ProviderError && error.status === 502 && /engine: it does not work/.test(error.message));
  gateway.behave = () => undefined;
  const { receipt } = await buyer.chat(ask(1));
  assert.equal(receipt.receipt.amount, costOf(1));
  assert.deepEqual(await buyer.settle(), { owed: gateway.owed(), promised: 0n });
});

test('an answer without a receipt is none, and its request is settled by asking for it', async () => {
  const { gateway, buyer } = await market();
  gateway.behave = () => 'no receipt';
  await assert.rejects(buyer.chat(ask(2)), (error) => error instanceof ProviderError && error.code === 'no_receipt');
  await assert.rejects(pieces(await buyer.streamChat(ask(3))), (error) => error instanceof ProviderError && error.code === 'no_receipt');
  assert.deepEqual(await buyer.settle(), { owed: costOf(2) + costOf(3), promised: 0n });
});

test('a stream that is not complete is an error, though its receipt is good', async () => {
  const { gateway, buyer } = await market();
  gateway.behave = () => 'incomplete';
  await assert.rejects(pieces(await buyer.streamChat(ask(2))), (error) => error instanceof ProviderError && error.code === 'broke_off');
  assert.deepEqual(buyer.spending, { owed: costOf(2), promised: 0n });
});

test('a provider that lies is named, and asked no more, by later programs neither', async () => {
  for (const isStream of [false, true]) {
    const { gateway, buyer, open } = await market(2);
    await buyer.chat(ask(1));
    gateway.behave = () => ({ lie: (receipt) => ({ ...receipt, cumulative: receipt.cumulative + 1n }) });
    const asking = isStream ? buyer.streamChat(ask(2)).then(pieces) : buyer.chat(ask(2));
    await assert.rejects(asking, (error) => {
      assert.ok(error instanceof WrongAnswerError, String(error));
      assert.deepEqual([error.cause.field, error.peer], ['cumulative', gateway.terms.peer]);
      return /cumulative: expected \d+, found \d+/.test(error.message);
    });
    gateway.behave = () => undefined;
    const asked = gateway.requests.length;
    for (const one of [buyer, await open()]) await assert.rejects(one.chat(ask(1)), (error) => error instanceof LaneError && error.code === 'lied');
    assert.equal(gateway.requests.length, asked);
  }
});

test('a lie in the receipt of a request that broke off is found, too', async () => {
  const { gateway, buyer } = await market();
  const lie = (receipt: Receipt) => ({ ...receipt, amount: receipt.amount + 1n, cumulative: receipt.cumulative + 1n });
  gateway.behave = () => ({ lie, isHidden: true });
  await assert.rejects(pieces(await buyer.streamChat(ask(2))), (error) => error instanceof ProviderError && error.code === 'no_receipt');
  await buyer.close();
  assert.deepEqual(buyer.receipts, [[]], 'no lie is taken for a receipt');
  await assert.rejects(buyer.chat(ask(1)), (error) => error instanceof LaneError && error.code === 'lied' && /amount: expected/.test(error.message));
});

test('a request is cancelled by its signal, before and while it is answered, and the lane goes on', async () => {
  const { gateway, buyer } = await market();
  const reason = new Error('the visitor left');
  const controller = new AbortController();
  gateway.behave = () => ({ wait: Promise.resolve(controller.abort(reason)) });
  await assert.rejects(buyer.chat(ask(2), { signal: controller.signal }), (error) => error === reason);
  gateway.behave = () => undefined;
  await assert.rejects(buyer.chat(ask(2), { signal: controller.signal }), (error) => error === reason);

  const stream = await buyer.streamChat(ask(50));
  for await (const _ of stream) break;
  const cancelled = await buyer.streamChat(ask(50));
  cancelled.cancel();
  await assert.rejects(pieces(cancelled), { name: 'AbortError' });
  // Nobody reads this one.
  const unread = new AbortController();
  await buyer.streamChat(ask(50), { signal: unread.signal });
  unread.abort(reason);
  // And of this one, what is there already when it is given up.
  const late = new AbortController();
  const halfRead = (await buyer.streamChat(ask(2), { signal: late.signal }))[Symbol.asyncIterator]();
  await halfRead.next();
  const before = gateway.owed();
  while (gateway.owed() === before) await new Promise((resolve) => setImmediate(resolve));
  late.abort(reason);
  await assert.rejects(halfRead.next(), (error) => error === reason);
  const { promised, owed } = await buyer.settle();
  assert.equal(promised, 0n);
  assert.equal(owed, gateway.owed());
  assert.ok(owed < 2n * costOf(2) + 3n * costOf(50), 'less was done than was asked for');
  assert.equal((await buyer.chat(ask(1))).receipt.receipt.amount, costOf(1));
});

test('a request that waits for a lane is cancelled, too', async () => {
  const { gateway, buyer } = await market();
  let go: (value: unknown) => void = () => undefined;
  const wait = new Promise((resolve) => (go = resolve));
  gateway.behave = () => ({ wait });
  const first = buyer.chat(ask(1));
  const controller = new AbortController();
  const second = buyer.chat(ask(1), { signal: controller.signal });
  controller.abort(new Error('too long'));
  await assert.rejects(second, /too long/);
  go(undefined);
  await first;
  assert.equal(gateway.requests.length, 1);
});

test('a lane that the gateway counts otherwise, or the storage has forgotten, is used no more', async () => {
  const { gateway, buyer } = await market();
  await buyer.chat(ask(1));
  const forgotten = await Buyer.open(async () => gateway.terms, { key, storage: memoryStorage() });
  await assert.rejects(forgotten.chat(ask(1)), ProviderError);
  await forgotten.close();
  await assert.rejects(forgotten.chat(ask(1)), (error) => error instanceof LaneError && /counts the lane otherwise \(wrong_nonce\)/.test(error.message));
  const known = await Buyer.open(async () => ({ ...gateway.terms, redeemed: [0] }), { key, storage: memoryStorage() });
  await assert.rejects(known.chat(ask(1)), (error) => error instanceof LaneError && /the storage has nothing of it/.test(error.message));
});

test('what may not be spent is said before anything is promised', async () => {
  const { gateway, buyer, open } = await market();
  await assert.rejects(buyer.chat(ask(9000)), (error) => error instanceof UsageError && /one request may cost 10000/.test(error.message));
  await assert.rejects((await open({ maxRequest: 100n })).chat(ask(1)), UsageError);
  await assert.rejects((await open({ maxPrice: { ...PRICE, output: 1n } })).chat(ask(1)), /above maxPrice/);
  await assert.rejects(buyer.chat({ ...ask(1), model: 'another' }), /answers with tiny\/1/);
  for (const wrong of [{ n: 17 }, { n: 0 }, { max_tokens: 1.5 }, { max_tokens: -1 }]) await assert.rejects(buyer.chat({ ...ask(), ...wrong }), UsageError);
  const closing = await Buyer.open(async () => ({ ...gateway.terms, state: 'closing' }), { key, storage: memoryStorage() });
  await assert.rejects(closing.chat(ask(1)), /channel 7 is closing/);
  assert.deepEqual(gateway.requests, []);
  // Where the request says no number, it may cost what there is.
  assert.equal((await buyer.chat(ask())).body.choices.length, 1);
});

test('a wallet that wraps what it signs cannot sign vouchers', async () => {
  const signer = await signerFromUri('//Dave//session');
  const wallet = { publicKey: signer.publicKey, sign: (payload: Uint8Array) => signer.signBytes(payload) };
  const { gateway, buyer } = await market(1, { key: wallet });
  await assert.rejects(buyer.chat(ask(1)), (error) => error instanceof UsageError && /wraps it in <Bytes>/.test(error.message));
  assert.deepEqual(gateway.requests, []);
});

test('a gateway that does not answer is unreachable, and its voucher is settled when it does', async () => {
  const { gateway, storage } = await market();
  let endpoint = 'http://127.0.0.1:9';
  const terms = async () => ({ ...gateway.terms, peer: { ...gateway.terms.peer, endpoint } });
  const buyer = await Buyer.open(terms, { key, storage });
  await assert.rejects(buyer.chat(ask(1)), (error) => error instanceof ProviderError && error.code === 'unreachable');
  await buyer.close();
  await assert.rejects(buyer.chat(ask(1)), (error) => error instanceof LaneError && /waits for the receipt of request 1/.test(error.message));
  ({ endpoint } = gateway.terms.peer);
  const { receipt } = await buyer.chat(ask(1));
  assert.equal(receipt.receipt.nonce, 2n, 'the first was ended with nothing');
  assert.equal(receipt.receipt.cumulative, costOf(1));
});
