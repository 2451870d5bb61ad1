// The compute market as a chain tells it, read by PAPI from the metadata that is committed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiPromise, WsProvider } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { LaneError, NotFoundError, UsageError, keyFromUri, memoryStorage, voucherFromText, type Channel, type Noema } from '@noema/sdk';
import { connect } from '@noema/sdk/node';
import { Chain, accountAddress } from '#dist/chain/chain.js';
import { openArguments } from '#dist/compute/market.js';
import { Writer } from '#dist/scale.js';
import { WebSocket } from 'ws';
import { TestGateway } from './support/gateway.js';
import { TestNode } from './support/node.js';
import { hex } from './support/vectors.js';

const raw = (n: number) => n.toString(16).padStart(2, '0').repeat(32);
const who = (n: number) => accountAddress(new Uint8Array(32).fill(n));
const uint = (bits: 8 | 16 | 32 | 64 | 128, value: number | bigint) => hex(new Writer().uint(bits, value, 'n').finish());
const sized = (text: string) => hex(new Writer().sized(Buffer.from(text)).finish());
const PRICE = `00${uint(128, 1_000_000)}${uint(128, 100_000)}${uint(128, 2_000_000)}`;
const price = { per: 'tokens', input: 1_000_000n, cached: 100_000n, output: 2_000_000n } as const;

const service = (number: number, endpoint: string) =>
  `${uint(64, number)}${raw(1)}01${raw(2)}00${sized('tiny/1')}00${sized(endpoint)}${PRICE}00${uint(32, 4)}00`;

interface GivenSession {
  readonly number: number;
  readonly key: string;
  readonly ends?: bigint;
  readonly isRevoked?: boolean;
  readonly redeemed?: number;
}

const session = ({ number, key, ends = 1n << 40n, isRevoked = false, redeemed }: GivenSession) => {
  const lane = redeemed === undefined ? '00' : `04${uint(16, redeemed)}${uint(64, 3)}${uint(128, 5)}${uint(128, 9)}${uint(64, 8)}${uint(128, 0)}`;
  return `${uint(32, number)}${key}${uint(128, 10_000)}${uint(128, 50_000)}${uint(128, 9)}${uint(64, ends)}${isRevoked ? '01' : '00'}${uint(16, 2)}${lane}`;
};
const channel = (key: string, sessions: readonly GivenSession[], state = '00') =>
  `01${raw(3)}${raw(1)}${uint(64, 9)}${key}${uint(128, 90)}${uint(128, 9)}${state}${uint(8, 4 * sessions.length)}${sessions.map(session).join('')}`;
const CLOCK = (tick: number) => `0x${uint(64, tick)}00`;

let node: TestNode;
let noema: Noema;
before(
  async () => {
    node = await TestNode.start();
    noema = await connect(node.url);
  },
  { timeout: 30_000 },
);
after(async () => {
  noema?.close();
  await node?.stop();
});

/** Waits until the client has seen a block in which a channel stands like that. */
async function seen(number: bigint, stands: (channel: Channel) => boolean): Promise<void> {
  while (!stands(await noema.channel(number))) await new Promise((resolve) => setImmediate(resolve));
}

test('services are found with their price, and each is labelled as unverified', async () => {
  node.answers['ComputeApi_browse'] = (asked) =>
    asked.includes(`01${uint(64, 9)}`) ? `04${service(11, 'https://b.example')}00` : `04${service(9, 'https://a.example#sha256=00')}01${uint(64, 9)}`;
  const found = await noema.services({ kind: 'chat', model: 'tiny/1' });
  assert.deepEqual(found.map(({ service: number, endpoint }) => [number, endpoint]), [
    [9n, 'https://a.example#sha256=00'],
    [11n, 'https://b.example'],
  ]);
  const { service: _number, endpoint: _endpoint, ...rest } = found[0]!;
  assert.deepEqual(rest, { provider: who(1), active: true, key: who(2), kind: 'chat', model: 'tiny/1', price, verification: 'unverified', capacity: 4 });
  assert.equal(node.asked[0]?.given, `0x0100${`01${sized('tiny/1')}`}0000` + `00${uint(32, 100)}`);
  assert.deepEqual(await noema.services({ atMost: { ...price, output: 1n } }), []);
});

test('a channel is read with its sessions and lanes', async () => {
  node.answers['ComputeApi_channel'] = channel(raw(2), [{ number: 4, key: raw(7), redeemed: 1 }], `01${uint(64, 77)}`);
  assert.deepEqual(await noema.channel(5), {
    channel: 5n,
    payer: who(3),
    provider: who(1),
    service: 9n,
    key: who(2),
    left: 90n,
    redeemed: 9n,
    state: 'closing',
    sessions: [{ session: 4, key: who(7), perUse: 10_000n, total: 50_000n, spent: 9n, ends: 1n << 40n, revoked: false, lanes: 2, redeemed: [1] }],
  });
  node.answers['ComputeApi_channel'] = '00';
  await assert.rejects(noema.channel(6), NotFoundError);
});

test('a buyer reads what it must know from the chain, anew for each request', { timeout: 30_000 }, async () => {
  const gateway = await TestGateway.start(2);
  try {
    const key = await keyFromUri('//Dave//session');
    const serviceKey = (await keyFromUri('//Bob//receipts')).publicKey;
    const mine = hex(key.publicKey);
    const others: GivenSession[] = [
      { number: 0, key: raw(7) },
      { number: 3, key: mine, isRevoked: true },
      { number: 2, key: mine, ends: 5n },
    ];
    const tell = (state?: string, redeemed?: number) => {
      const usable: GivenSession = redeemed === undefined ? { number: 1, key: mine } : { number: 1, key: mine, redeemed };
      node.answers['ComputeApi_channel'] = channel(hex(serviceKey), [usable, ...others], state);
    };
    tell();
    node.answers['ComputeApi_service'] = `01${service(9, gateway.terms.peer.endpoint)}`;
    node.storage = CLOCK(500);
    const storage = memoryStorage();
    const buyer = await noema.buyer(7, { key, storage });
    const answer = await buyer.chat({ messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2 });
    assert.equal(answer.verification, 'unverified');
    const { voucher } = voucherFromText(gateway.vouchers[0] as string);
    assert.deepEqual([voucher.channel, voucher.session, voucher.service, voucher.expires], [7n, 1, 9n, 14_900n]);
    assert.deepEqual(voucher.price, price);

    // What the chain says of a lane counts, where the storage says nothing.
    tell('00', 0);
    node.finalise();
    await seen(7n, ({ sessions }) => sessions[0]?.redeemed.length === 1);
    const forgetful = await noema.buyer(7, { key, storage: memoryStorage() });
    await forgetful.chat({ messages: [], max_tokens: 1 });
    assert.deepEqual(gateway.requests.map(({ lane }) => lane), [0, 1]);

    tell(`01${uint(64, 600)}`);
    node.finalise();
    await seen(7n, ({ state }) => state === 'closing');
    await assert.rejects(buyer.chat({ messages: [] }), (error) => error instanceof LaneError && /channel 7 is closing/.test(error.message));
    const stranger = await keyFromUri('//Eve');
    await assert.rejects(noema.buyer(7, { key: stranger, storage }), (error) => error instanceof NotFoundError && /no session of the key/.test(error.message));
    tell();
    node.answers['ComputeApi_service'] = '00';
    node.finalise();
    await seen(7n, ({ state }) => state === 'open');
    await assert.rejects(buyer.chat({ messages: [] }), (error) => error instanceof NotFoundError && /no service 9/.test(error.message));
  } finally {
    await gateway.stop();
  }
});

test('the call that opens a channel is the one that other clients make', { timeout: 30_000 }, async () => {
  const key = await keyFromUri('//Dave//session');
  const order = { service: 9, cap: 5n * 10n ** 18n, lanes: 3, key, perUse: 10n ** 17n };
  const chain = await Chain.connect(node.url, { websocketClass: WebSocket as unknown as typeof globalThis.WebSocket });
  const provider = new WsProvider(node.url) as NonNullable<ApiOptions['provider']>;
  const api = await ApiPromise.create({ provider, noInitWarn: true });
  try {
    const made: Uint8Array = await chain.ask('', (papi) => papi.tx.Compute.open(openArguments(order)).getEncodedData());
    const grant = { key: accountAddress(key.publicKey), scope: null, limits: { perUse: order.perUse, total: order.cap }, expires: (1n << 64n) - 1n };
    assert.equal(`0x${hex(made)}`, api.tx['compute']?.['open']?.(9, order.cap, 3, grant).method.toHex());
    assert.throws(() => openArguments({ ...order, total: 1n }), UsageError);
  } finally {
    chain.close();
    await api.disconnect();
  }
});
