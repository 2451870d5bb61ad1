// Answers bought on a real network, from a real gateway: what is answered is paid, to the unit.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { cost, keyFromUri, receiptToJson, signerFromUri, voucherToJson, type Answer, type Noema } from '@noema/sdk';
import { connect, openLaneDirectory } from '@noema/sdk/node';
import { fresh, market, noema, temporaryFiles, without } from './support/network.js';

const skip = without.market;
const NOEMA = 10n ** 18n;
const signer = await signerFromUri('//Dave');
const ask = (content: string, max_tokens = 20) => ({ messages: [{ role: 'user', content }], max_tokens });
let net: Noema;
let files: Awaited<ReturnType<typeof temporaryFiles>>;

before(async () => {
  files = await temporaryFiles();
  if (!skip) net = await connect(market);
});
after(async () => {
  net?.close();
  await files.remove();
});

/** The command line's own judgement of an answer. */
async function verified(answer: Answer<unknown>, name: string): Promise<unknown> {
  const write = async (part: string, content: string | Uint8Array) => {
    const path = files.path(`${name}-${part}`);
    await writeFile(path, content);
    return path;
  };
  const receipt = await write('receipt', JSON.stringify(receiptToJson(answer.receipt)));
  const voucher = await write('voucher', JSON.stringify(voucherToJson(answer.voucher)));
  const request = await write('request', answer.request);
  const response = await write('response', answer.bytes);
  const route = ['--request', request, '--route', 'POST /v1/chat/completions'];
  const { good, response: judged, session_key: key } = await noema(
    ...['compute', 'verify-receipt', receipt, '--voucher', voucher, ...route, '--response', response, '--url', market],
  );
  return { good, judged, isSigned: typeof key === 'string' };
}

test('chat, streams, parallel requests and a cancelled one are paid for to the unit', { skip, timeout: 240_000 }, async () => {
  const [service] = await net.services({ kind: 'chat' });
  assert.ok(service, 'somebody sells answers');
  assert.equal(service.verification, 'unverified');
  const key = await keyFromUri(`//Dave//${fresh('sdk').replaceAll(' ', '-')}`);
  const { channel, session } = await net.openChannel({ service: service.service, cap: NOEMA, lanes: 3, key, perUse: NOEMA / 10n }, { signer });
  const opened = await net.channel(channel);
  assert.deepEqual([opened.state, opened.left, opened.sessions[0]?.session], ['open', NOEMA, session]);

  let storage = await openLaneDirectory(files.path('lanes'));
  const first = await net.buyer(channel, { key, storage });
  const whole = await first.chat(ask('words 5'));
  assert.equal(whole.verification, 'unverified');
  assert.equal(whole.receipt.receipt.amount, cost(service.price, whole.receipt.receipt.usage));
  assert.ok((whole.body.choices[0]?.message.content ?? '').length > 0);
  assert.deepEqual(await verified(whole, 'whole'), { good: true, judged: 'matches', isSigned: true });

  const stream = await first.streamChat(ask('words 6'));
  assert.ok((await stream.text()).length > 0);
  assert.equal(stream.receipt?.receipt.amount, stream.usage && cost(service.price, stream.usage));

  const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((words) => first.chat(ask(`slow ${words}`))));
  assert.equal(new Set(answers.map(({ receipt }) => receipt.receipt.lane)).size, 3);

  // Cut off in the middle; the rest is asked for by another program, which begins with what this one has stored.
  for await (const _ of await first.streamChat(ask('slow 20'))) break;
  await first.close();
  await storage.close();
  storage = await openLaneDirectory(files.path('lanes'));
  const buyer = await net.buyer(channel, { key, storage });
  const { owed, promised } = await buyer.settle();
  assert.equal(promised, 0n);
  const known = [whole, ...answers].reduce((sum, { receipt }) => sum + receipt.receipt.amount, stream.receipt?.receipt.amount ?? 0n);
  assert.ok(owed > known, 'what was cut off is paid for as far as it came');
  const { receipt } = await buyer.chat(ask('words 1'));
  const all = owed + receipt.receipt.amount;

  await net.closeChannel(channel, { signer });
  for (let { redeemed } = await net.channel(channel); redeemed !== all; { redeemed } = await net.channel(channel)) {
    assert.ok(redeemed < all, `${redeemed} were redeemed, ${all} are owed`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await storage.close();
});

test('texts are turned into vectors', { skip, timeout: 120_000 }, async () => {
  const [service] = await net.services({ kind: 'embedding' });
  assert.ok(service, 'somebody sells vectors');
  const key = await keyFromUri(`//Dave//${fresh('vectors').replaceAll(' ', '-')}`);
  const { channel } = await net.openChannel({ service: service.service, cap: NOEMA, key }, { signer });
  const storage = await openLaneDirectory(files.path('vectors'));
  const buyer = await net.buyer(channel, { key, storage });
  const { body, receipt } = await buyer.embeddings({ input: ['one', 'two'] });
  assert.equal(body.data.length, 2);
  assert.equal(receipt.receipt.amount, cost(service.price, receipt.receipt.usage));
  await storage.close();
});
