// Agents by way of `@polkadot/api`: what is signed and what is sent is the same as on the Rust side, and what the runtime answers is read.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiPromise, WsProvider } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { UsageError, decodeSignature, encodeSignature, isSignedBy, keyFromUri } from '@noema/sdk';
import {
  actMessage,
  agentAccount,
  agentCalls,
  agentReads,
  signAct,
  signWallet,
  walletMessage,
  type InnerCall,
  type UsageScope,
} from '@noema/sdk/agents';
import { accountAddress } from '#dist/chain/chain.js';
import { Writer } from '#dist/scale.js';
import { TestNode } from './support/node.js';
import { bytes, hex, vectors } from './support/vectors.js';

const messages = vectors('primitives/agents/tests/vectors.json');
const encoded = vectors('services/chain-client/tests/vectors.json').agents;
const address = (text: string): string => accountAddress(bytes(text));
const who = (n: number): string => accountAddress(new Uint8Array(32).fill(n));

let node: TestNode;
let api: ApiPromise;
before(
  async () => {
    node = await TestNode.start();
    const provider = new WsProvider(node.url) as NonNullable<ApiOptions['provider']>;
    api = await ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: true });
  },
  { timeout: 30_000 },
);
after(async () => {
  await api?.disconnect();
  await node?.stop();
});

test('accounts of agents, bindings of wallets and signed acts are the same bytes', () => {
  assert.deepEqual([messages.account.length, messages.wallet.length, messages.act.length], [3, 4, 1]);
  for (const { genesis, agent, account } of messages.account) assert.equal(agentAccount(`0x${genesis}`, BigInt(agent)), address(account));
  for (const { genesis, agent, owner, wallet, nonce, deadline, payload, scheme, signature } of messages.wallet) {
    const terms = { owner: address(owner), wallet: address(wallet), nonce: BigInt(nonce), deadline: BigInt(deadline) };
    const message = walletMessage({ genesis: `0x${genesis}`, agent: BigInt(agent), ...terms });
    assert.equal(hex(message), payload);
    const read = decodeSignature(bytes(signature));
    assert.equal(read.scheme, scheme);
    assert.equal(hex(encodeSignature(read)), signature);
    assert.ok(isSignedBy(bytes(wallet), message, read), `by ${scheme}`);
    message[30] = (message[30] as number) ^ 1;
    assert.ok(!isSignedBy(bytes(wallet), message, read), `by ${scheme}`);
    assert.ok(!isSignedBy(bytes(owner), bytes(payload), read), `by ${scheme}`);
  }
  for (const { genesis, agent, session, nonce, expires, call, payload } of messages.act) {
    const act = { genesis: `0x${genesis}`, agent: BigInt(agent), session, nonce: BigInt(nonce), expires: BigInt(expires), call };
    assert.equal(hex(actMessage(act)), payload);
  }
});

test('a wallet signs what the chain checks, and no other key does', async () => {
  const key = await keyFromUri('//Bob');
  const binding = { genesis: `0x${'11'.repeat(32)}`, agent: 7n, owner: who(3), wallet: accountAddress(key.publicKey), nonce: 0, deadline: 600 };
  const signature = decodeSignature(await signWallet(key, binding));
  assert.ok(isSignedBy(key.publicKey, walletMessage(binding), signature));
  await assert.rejects(signWallet(await keyFromUri('//Eve'), binding), /expected the key of the wallet/);
  const act = { genesis: binding.genesis, agent: 7, session: 1, nonce: 0, expires: 600, call: '0x0000' };
  assert.ok(isSignedBy(key.publicKey, actMessage(act), decodeSignature(await signAct(key, act))));
});

type Given = Record<string, any>;

/** The arguments of an example as the builders take them. */
function given(name: string, { agent, ...rest }: Given): Given {
  const numbers = ['amount', 'total', 'perUse', 'expires'];
  const accounts = ['user', 'key', 'to', 'wallet'];
  const made: Given = agent === undefined ? {} : { agent: BigInt(agent) };
  for (const [field, value] of Object.entries(rest)) {
    if (value === null) made[field] = null;
    else if (numbers.includes(field) || (name === 'revokeFeedback' && field === 'feedback')) made[field] = BigInt(value);
    else if (accounts.includes(field)) made[field] = address(value);
    else if (field === 'allowance') made[field] = { period: BigInt(value.period), most: BigInt(value.most) };
    else if (field === 'file') made[field] = `0x${value}`;
    else if (field === 'commitment') {
      const holders = value.holders.map((one: Given) => ({ holder: address(one['holder']), key: `0x${one['key']}` }));
      made[field] = { hash: `0x${value.hash}`, file: `0x${value.file}`, holders };
    } else made[field] = value;
  }
  return made;
}

test('calls are the bytes that the daemons and the command line send', () => {
  const calls = agentCalls(api) as unknown as Record<string, (given: Given) => { method: { toHex(): string } }>;
  assert.equal(encoded.length, 23);
  for (const { name, arguments: arguments_, call } of encoded) {
    assert.equal(calls[name]?.(given(name, arguments_)).method.toHex(), `0x${call}`, `${name} ${JSON.stringify(arguments_)}`);
  }
});

test('every other call is built, too, and reads as what it was given', async () => {
  const calls = agentCalls(api);
  const inner: InnerCall = calls.setMetadata({ agent: 1, key: '0xkey', value: 'on' });
  assert.deepEqual(inner.method.toHuman(), { section: 'agents', method: 'setMetadata', args: { agent: '1', key: '0xkey', value: 'on' } });
  const commitment = { hash: `0x${'01'.repeat(32)}` };
  const all = [
    calls.setEndpoints({ agent: 1, endpoints: [{ kind: 'openai', url: 'https://a.example' }] }),
    calls.setMetadata({ agent: 1, key: 'k' }),
    calls.unbindWallet({ agent: 1 }),
    calls.updateData({ agent: 1, index: 0, commitment }),
    calls.exercise({ agent: 1, wanted: 'all', request: commitment.hash }),
    calls.act({ agent: 1, call: inner }),
  ];
  for (const { method } of all) assert.equal(api.createType('Call', method.toHex()).toHex(), method.toHex());
  const signature = bytes(messages.wallet[1].signature);
  const bound = calls.bindWallet({ agent: 1, wallet: who(2), deadline: 600, signature });
  assert.equal(bound.args[3]?.toHex(), `0x${hex(signature)}`);
  const act = calls.actSigned({ agent: 1, session: 2, nonce: 3, expires: 4, call: inner, signature });
  assert.equal(act.args[4]?.toHex(), inner.method.toHex());
  const named = calls.grantSession({ agent: 1, key: who(2), calls: ['Compute.open', 'balances.transferKeepAlive', 'Compute.top_up'], total: 5n });
  const scope = (named.args[1] as any).scope.calls.toJSON();
  const indices = [
    ['compute', 'open'],
    ['balances', 'transferKeepAlive'],
    ['compute', 'topUp'],
  ].map(([pallet = '', call = '']) => [...(api.tx[pallet]?.[call]?.callIndex ?? [])]);
  assert.deepEqual(scope.map((one: { pallet: number; call: number }) => [one.pallet, one.call]), indices);
});

test('what makes no sense is said before it is sent', () => {
  const calls = agentCalls(api);
  const usage = (text: RegExp) => (error: unknown) => error instanceof UsageError && text.test(error.message);
  assert.throws(() => calls.grantSession({ agent: 1, key: who(2), calls: ['Compute.nothing'], total: 1n }), usage(/no call Compute.nothing/));
  assert.throws(() => calls.grantSession({ agent: 1, key: who(2), calls: [], total: 1n, perUse: 2n }), usage(/at most the second/));
  assert.throws(() => calls.feedback({ agent: 1, amount: 1n, value: 10_001 }), usage(/0 to 10000/));
  assert.throws(() => calls.feedback({ agent: 1, amount: 1n, value: 1, tags: ['a', 'b', 'c'] }), usage(/at most two, found 3/));
});

/** SCALE of answers, in hex. */
const u32 = (n: number) => hex(new Writer().uint(32, n, 'n').finish());
const u64 = (n: number | bigint) => hex(new Writer().uint(64, n, 'n').finish());
const u128 = (n: number | bigint) => hex(new Writer().uint(128, n, 'n').finish());
const sized = (text: string) => hex(new Writer().sized(Buffer.from(text)).finish());
const raw = (n: number) => n.toString(16).padStart(2, '0').repeat(32);

test('agents are read as the runtime tells of them', async () => {
  const reads = agentReads(api);
  const former = `04${raw(4)}${u64(9)}${u32(1)}`;
  const endpoints = `0801${sized('https://a.example')}02${sized('https://b.example')}`;
  node.answers['AgentsApi_agent'] = `01${raw(1)}${raw(2)}01${raw(3)}${former}${u64(5)}0001${raw(6)}${endpoints}${u32(7)}`;
  assert.deepEqual(await reads.agent(3), {
    agent: 3n,
    owner: who(1),
    account: who(2),
    wallet: who(3),
    former: [{ wallet: who(4), ended: 9n, tenure: 1 }],
    bindings: 5n,
    offered: undefined,
    file: `0x${raw(6)}`,
    endpoints: [
      { kind: 'mcp', url: 'https://a.example' },
      { kind: 'openai', url: 'https://b.example' },
    ],
    tenure: 7,
  });
  assert.equal(node.asked.at(-1)?.given, `0x${u64(3)}`);
  node.answers['AgentsApi_agent'] = '00';
  assert.equal(await reads.agent(4n), undefined);

  // Two pages, the first of which is not the last.
  node.answers['AgentsApi_agents_of'] = (asked) =>
    asked.includes(`01${u64(4)}`) ? `04${u64(6)}00` : `08${u64(1)}${u64(4)}01${u64(4)}`;
  assert.deepEqual(await reads.agentsOf(who(1)), [1n, 4n, 6n]);
});

test('data, users, sessions and ratings are read as the runtime tells of them', async () => {
  const reads = agentReads(api);
  const commitment = `${raw(1)}01${raw(2)}04${raw(3)}${sized('key')}`;
  node.answers['AgentsApi_intelligent_data_of'] = `04${u32(6)}${sized('memory')}${commitment}${u32(7)}01${raw(4)}${raw(5)}`;
  assert.deepEqual(await reads.data(1), [
    {
      index: 6,
      description: 'memory',
      commitment: { hash: `0x${raw(1)}`, file: `0x${raw(2)}`, holders: [{ holder: who(3), key: `0x${hex(Buffer.from('key'))}` }] },
      version: 7,
      staged: { by: who(4), hash: `0x${raw(5)}` },
    },
  ]);
  const rest = `${u64(600)}${u32(2)}${u32(1)}${raw(8)}`;
  node.answers['AgentsApi_authorized_users_of'] = `0c${raw(1)}00${rest}${raw(2)}01${u32(3)}${rest}${raw(3)}0202${rest}`;
  const scopes: UsageScope[] = ['all', { data: 3 }, { service: 'openai' }];
  assert.deepEqual(
    await reads.usages(1),
    scopes.map((scope, i) => ({ user: who(i + 1), scope, expires: 600n, left: 2, used: 1, request: `0x${raw(8)}` })),
  );
  node.answers['AgentsApi_sessions'] =
    `04${u32(2)}${raw(1)}044208${u128(3)}${u128(4)}${u64(5)}${u128(6)}${u128(7)}${u128(8)}${u64(9)}${u64((1n << 64n) - 1n)}`;
  assert.deepEqual(await reads.sessions(1), [
    {
      session: 2,
      key: who(1),
      calls: [{ pallet: 66, call: 8 }],
      limits: { perUse: 3n, total: 4n },
      allowance: { period: 5n, most: 6n },
      spent: 7n,
      leftInPeriod: 8n,
      nonce: 9n,
      expires: (1n << 64n) - 1n,
    },
  ]);
  const mean = (count: number, value?: string) => `${u64(count)}${u128(1n << 100n)}${value === undefined ? '00' : `01${value}`}`;
  node.answers['AgentsApi_summary'] = `01${mean(3, '2e22')}${mean(2, '0000')}${mean(0)}`;
  const weight = 1n << 100n;
  assert.deepEqual(await reads.summary(1, 'speed'), {
    all: { count: 3n, weight, value: 8_750 },
    inTenure: { count: 2n, weight, value: 0 },
    recent: { count: 0n, weight, value: undefined },
  });
  assert.equal(node.asked.at(-1)?.given, `0x${u64(1)}01${sized('speed')}`);
  node.answers['AgentsApi_unconsumed'] = `01${u128(70)}`;
  assert.equal(await reads.unconsumed(who(1), 1), 70n);
});
