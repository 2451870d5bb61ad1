// @polkadot/api, unpatched, for everything that an agent's owner, its users, its keys and its raters do: docs/agents-in-polkadot-js.md as a program.

import { complaints } from './console-complaints.mjs';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bnToU8a, stringToU8a, u8aConcat, u8aEq, u8aToHex, u8aWrapBytes } from '@polkadot/util';
import { blake2AsHex, blake2AsU8a, encodeAddress } from '@polkadot/util-crypto';
import { connect, developmentAccount, onlyEvent, sendAndFinalise } from './polkadot-js-connection.mjs';

const NOEMA = 10n ** 18n;
const NEVER = 2n ** 64n - 1n;
const ENDPOINTS = [
  { kind: 'OpenAi', url: 'https://agent.example/v1' },
  { kind: 'Mcp', url: 'https://agent.example/mcp' },
];

let api;
let reads;
let whileConnecting;
// Accounts that no other judge sends from at the same time.
let owner;
let wallet;
let user;
let buyer;
let key;
/** The number of the agent of this run. */
let agent;

before(
  async () => {
    api = await connect();
    reads = api.call.agentsApi;
    whileConnecting = complaints.length;
    [owner, wallet, user, buyer] = ['//Ferdie', '//Ferdie//stash', '//Eve//stash', '//Dave//stash'].map(developmentAccount);
    // A key of this run alone: its session ends, and its number is never used again.
    key = developmentAccount(`//judges//agents//${(await api.rpc.chain.getFinalizedHead()).toHex().slice(2, 18)}`);
    await done(api.tx.balances.transferKeepAlive(key.address, 10n * NOEMA), owner);
  },
  { timeout: 60_000 },
);
after(() => api?.disconnect());

/** The outcome of a call that must not fail. */
async function done(transaction, signer) {
  const result = await sendAndFinalise(transaction, signer);
  assert.equal(result.dispatchError, undefined, result.dispatchError && errorOf(result));
  return result;
}

/** The name of the error with which a call failed. */
function errorOf({ dispatchError }) {
  assert.ok(dispatchError?.isModule, `expected the error of a pallet, found ${dispatchError}`);
  const { section, name } = api.registry.findMetaError(dispatchError.asModule);
  return `${section}.${name}`;
}

const refused = async (transaction, signer) => errorOf(await sendAndFinalise(transaction, signer));
const tick = async () => (await api.query.audits.clock()).tick.toBigInt();
const u64 = (number) => bnToU8a(number, { bitLength: 64, isLe: true });
const u32 = (number) => bnToU8a(number, { bitLength: 32, isLe: true });
const fileHash = (text) => blake2AsHex(text);

/** A commitment to an encrypted file, with a key for one holder. */
const commitment = (text, holder) => ({ hash_: fileHash(text), file: null, holders: [{ holder: holder.address, key: '0x0102' }] });

test('registers an agent, and reads what the chain tells of it', { timeout: 60_000 }, async () => {
  const registered = await done(api.tx.agents.register(null, ENDPOINTS), owner);
  const told = onlyEvent(registered.events, 'agents', 'Registered').data;
  agent = told.agent.toBigInt();
  assert.equal(told.owner.toString(), owner.address);

  const preimage = u8aConcat(stringToU8a('noema/agents/account/v1'), api.genesisHash.toU8a(), u64(agent));
  assert.equal(told.account.toString(), encodeAddress(blake2AsU8a(preimage), api.registry.chainSS58));

  const info = (await reads.agent(agent)).unwrap();
  assert.equal(info.account.toString(), told.account.toString());
  assert.deepEqual(info.endpoints.map(({ kind, url }) => ({ kind: kind.type, url: url.toUtf8() })), ENDPOINTS);
  assert.ok(info.wallet.isNone && info.file.isNone);
  assert.equal(info.tenure.toNumber(), 0);
  assert.ok((await reads.agentOfAccount(told.account)).unwrap().eq(agent));
  const { account } = (await api.query.agents.agents(agent)).unwrap();
  assert.ok(account.eq(told.account));
  assert.equal(await refused(api.tx.agents.setEndpoints(agent, ENDPOINTS), buyer), 'agents.NotYourAgent');
});

test('binds a wallet by its signature, as wallets in browsers wrap what they sign', { timeout: 90_000 }, async () => {
  const { bindings } = (await reads.agent(agent)).unwrap();
  const deadline = (await tick()) + 300n;
  const payload = u8aConcat(
    stringToU8a('noema/agents/wallet/v1'),
    api.genesisHash.toU8a(),
    u64(agent),
    owner.publicKey,
    wallet.publicKey,
    u64(bindings.toBigInt()),
    u64(deadline),
  );
  // This client shows what the runtime encodes, with the mark of an option and a length before the bytes.
  const told = (await reads.walletPayload(agent, wallet.address, deadline)).unwrap().toU8a(true);
  assert.ok(u8aEq(told.slice(-payload.length), payload), u8aToHex(told));

  const bind = (signature) => api.tx.agents.bindWallet(agent, wallet.address, deadline, { Sr25519: signature });
  assert.equal(await refused(bind(wallet.sign(u8aWrapBytes(payload.slice(1)))), owner), 'agents.BadSignature', 'of something else');
  const bound = await done(bind(wallet.sign(u8aWrapBytes(payload))), owner);
  const event = onlyEvent(bound.events, 'agents', 'WalletBound').data;
  assert.equal(event.wallet.toString(), wallet.address);
  assert.equal((await reads.agent(agent)).unwrap().wallet.unwrap().toString(), wallet.address);
  assert.equal(await refused(bind(wallet.sign(payload)), owner), 'agents.BadSignature', 'a signature binds once');
});

test('commits to data, and lets a user ask so often', { timeout: 90_000 }, async () => {
  const committed = await done(api.tx.agents.commitData(agent, 'memory', commitment('memory', owner)), owner);
  const { index } = onlyEvent(committed.events, 'agents', 'DataCommitted').data;
  const [entry] = await reads.intelligentDataOf(agent);
  assert.ok(entry.index.eq(index));
  assert.equal(entry.description.toUtf8(), 'memory');
  assert.equal(entry.commitment.hash_.toHex(), fileHash('memory'));
  assert.equal(entry.commitment.holders[0].holder.toString(), owner.address);

  const expires = (await tick()) + 600n;
  await done(api.tx.agents.authorizeUsage(agent, user.address, { Data: index }, expires, 2), owner);
  assert.ok((await reads.mayUse(agent, user.address, { Data: index })).isTrue);
  assert.ok((await reads.mayUse(agent, user.address, { All: null })).isFalse);
  const request = fileHash('what was asked');
  await done(api.tx.agents.exercise(agent, { Data: index }, request), user);
  const [usage] = await reads.authorizedUsersOf(agent);
  assert.equal(usage.user.toString(), user.address);
  assert.deepEqual([usage.left.toNumber(), usage.used.toNumber(), usage.request.toHex()], [1, 1, request]);
  assert.equal(await refused(api.tx.agents.exercise(agent, { All: null }, request), user), 'agents.UsageOutOfScope');
  await done(api.tx.agents.revokeUsage(agent, user.address), owner);
  assert.equal((await reads.authorizedUsersOf(agent)).length, 0);
});

test('lets a key act within its limits, and no further', { timeout: 120_000 }, async () => {
  const { account } = (await reads.agent(agent)).unwrap();
  await done(api.tx.balances.transferKeepAlive(account, 10n * NOEMA), owner);
  const [pallet, call] = api.tx.balances.transferKeepAlive.callIndex;
  const grant = { key: key.address, scope: { calls: [{ pallet, call }] }, limits: { perUse: 2n * NOEMA, total: 5n * NOEMA }, expires: NEVER };
  const granted = await done(api.tx.agents.grantSession(agent, grant, { period: 86_400, most: 3n * NOEMA }), owner);
  const { session } = onlyEvent(granted.events, 'agents', 'SessionGranted').data;

  const send = (amount) => api.tx.balances.transferKeepAlive(wallet.address, amount);
  const acted = await done(api.tx.agents.act(agent, send(NOEMA)), key);
  const { spent, result, by } = onlyEvent(acted.events, 'agents', 'Acted').data;
  assert.ok(result.isOk);
  assert.equal(spent.toBigInt(), NOEMA);
  assert.equal(by.toString(), key.address);
  const moved = onlyEvent(acted.events, 'balances', 'Transfer').data;
  assert.equal(moved.from.toString(), account.toString());
  assert.equal(moved.amount.toBigInt(), NOEMA);

  assert.equal(await refused(api.tx.agents.act(agent, send(2n * NOEMA + 1n)), key), 'agents.AbovePerUse');
  assert.equal(await refused(api.tx.agents.act(agent, api.tx.agents.setMetadata(agent, 'k', 'v')), key), 'agents.OutOfScope');
  assert.equal(await refused(api.tx.agents.act(agent, api.tx.utility.batchAll([send(1n)])), key), 'agents.NotALeaf');

  // Signed by the key, brought by somebody else.
  const { nonce } = (await reads.sessions(agent))[0];
  const expires = (await tick()) + 300n;
  const message = u8aConcat(
    stringToU8a('noema/agents/act/v1'),
    api.genesisHash.toU8a(),
    u64(agent),
    u32(session.toNumber()),
    u64(nonce.toBigInt()),
    u64(expires),
    blake2AsU8a(send(2n * NOEMA).method.toU8a()),
  );
  const bring = () => api.tx.agents.actSigned(agent, session, nonce, expires, send(2n * NOEMA), { Sr25519: key.sign(message) });
  const brought = await done(bring(), user);
  assert.equal(onlyEvent(brought.events, 'agents', 'Acted').data.nonce.unwrap().toBigInt(), nonce.toBigInt());
  assert.equal(await refused(bring(), user), 'agents.WrongNonce');

  const [record] = await reads.sessions(agent);
  assert.equal(record.key.toString(), key.address);
  assert.deepEqual(record.calls.map((one) => [one.pallet.toNumber(), one.call.toNumber()]), [[pallet, call]]);
  assert.deepEqual([record.spent.toBigInt(), record.leftInPeriod.toBigInt()], [3n * NOEMA, 0n]);
  assert.equal(await refused(api.tx.agents.act(agent, send(1n)), key), 'agents.AbovePeriod');

  const byOwner = await done(api.tx.agents.actByOwner(agent, api.tx.agents.setMetadata(agent, 'name', 'judged')), owner);
  assert.ok(onlyEvent(byOwner.events, 'agents', 'ActedByOwner').data.result.isOk);
  const metadata = (await reads.allMetadata(agent)).map(([name, value]) => [name.toUtf8(), value.toUtf8()]);
  assert.deepEqual(metadata, [['name', 'judged']]);

  await done(api.tx.agents.revokeSession(agent, session), owner);
  assert.equal(await refused(api.tx.agents.act(agent, send(1n)), key), 'agents.UnknownSession');
});

/** Has the user pay the wallet for a request, redeemed: what a rating can consume. */
async function pay(amount) {
  const service = developmentAccount('//judges//agents//service');
  const loopback = 'http://127.0.0.1:1';
  const standing = await api.query.providers.providers('Compute', wallet.address);
  if (standing.isNone) await done(api.tx.providers.register('Compute', 500n * NOEMA, wallet.address, loopback, 1 << 30), wallet);
  const price = { Units: { unit: amount } };
  const offer = { kind: 'Job', model: 'judged/1', weights: null, endpoint: loopback, price, verification: 'None', capacity: 1 };
  const announced = await done(api.tx.compute.announce(offer, service.address), wallet);
  const { service: number } = onlyEvent(announced.events, 'compute', 'ServiceAnnounced').data;
  const grant = { key: key.address, scope: null, limits: { perUse: amount, total: amount }, expires: NEVER };
  const opened = await done(api.tx.compute.open(number, amount, 1, grant), user);
  const { channel } = onlyEvent(opened.events, 'compute', 'ChannelOpened').data;
  const promised = { channel, session: 0, lane: 0, nonce: 1, service: number, paid: 0, maximum: amount, request: fileHash('job'), expires: NEVER, price };
  const claim = (signature) => ({ voucher: promised, amount, signature: { Sr25519: signature }, demand: null });
  const [[{ voucher }]] = api.tx.compute.redeem([claim(new Uint8Array(64))]).args;
  const payload = u8aConcat(stringToU8a('noema/compute/voucher/v1'), api.genesisHash.toU8a(), voucher.toU8a());
  await done(api.tx.compute.redeem([claim(key.sign(payload))]), wallet);
  await done(api.tx.compute.close(channel), wallet);
  await done(api.tx.compute.retire(number), wallet);
}

test('is rated by who paid it, and by nobody else', { timeout: 180_000 }, async () => {
  await done(api.tx.agents.addTag(agent, 'speed'), owner);
  const before_ = (await reads.unconsumed(user.address, agent, null)).unwrap().toBigInt();
  await pay(NOEMA);
  const paid = (await reads.unconsumed(user.address, agent, null)).unwrap().toBigInt();
  assert.equal(paid, before_ + NOEMA);
  const opinion = { value: 8_750, tags: { One: 'speed' }, content: null };
  assert.equal(await refused(api.tx.agents.feedback(agent, NOEMA, opinion, null), owner), 'agents.OwnFeedback');
  assert.equal(await refused(api.tx.agents.feedback(agent, NOEMA, opinion, null), buyer), 'agents.NotPaid');
  const given = await done(api.tx.agents.feedback(agent, NOEMA, opinion, null), user);
  const { feedback, weight, wallet: payee } = onlyEvent(given.events, 'agents', 'FeedbackGiven').data;
  assert.equal(weight.toBigInt(), NOEMA);
  assert.equal(payee.toString(), wallet.address);
  for (const tag of [null, 'speed']) {
    const { all, inTenure } = (await reads.summary(agent, tag)).unwrap();
    assert.deepEqual([all.count.toNumber(), all.weight.toBigInt(), all.value.unwrap().toNumber()], [1, NOEMA, 8_750]);
    assert.ok(inTenure.count.eq(1));
  }
  const answer = { hash_: fileHash('thanks'), file: null };
  await done(api.tx.agents.respond(agent, feedback, answer), owner);
  const rating = (await reads.feedback(agent, feedback)).unwrap();
  assert.equal(rating.giver.toString(), user.address);
  assert.equal(rating.response.unwrap().hash_.toHex(), fileHash('thanks'));
});

test('changes hands with its data, and everything that the owner lent ends', { timeout: 120_000 }, async () => {
  const [{ index }] = await reads.intelligentDataOf(agent);
  assert.equal(await refused(api.tx.agents.transfer(agent, buyer.address), owner), 'agents.PrivateData');
  assert.equal(await refused(api.tx.agents.stageData(agent, index, commitment('mine', buyer)), buyer), 'agents.NotOffered');
  await done(api.tx.agents.offer(agent, buyer.address), owner);
  await done(api.tx.agents.stageData(agent, index, commitment('mine', buyer)), buyer);
  assert.equal((await reads.intelligentDataOf(agent))[0].staged.unwrap()[1].toHex(), fileHash('mine'));
  const transferred = await done(api.tx.agents.transfer(agent, buyer.address), owner);
  assert.ok(onlyEvent(transferred.events, 'agents', 'Transferred').data.tenure.eq(1));

  const info = (await reads.agent(agent)).unwrap();
  assert.equal(info.owner.toString(), buyer.address);
  assert.ok(info.wallet.isNone, 'the wallet was the old owner\'s');
  assert.equal(info.former[0].wallet.toString(), wallet.address);
  const [entry] = await reads.intelligentDataOf(agent);
  assert.equal(entry.commitment.hash_.toHex(), fileHash('mine'));
  const { all, inTenure } = (await reads.summary(agent, null)).unwrap();
  assert.deepEqual([all.count.toNumber(), inTenure.count.toNumber()], [1, 0], 'its record goes along, and begins anew');
  assert.equal(await refused(api.tx.agents.burn(agent), owner), 'agents.NotYourAgent');

  await done(api.tx.agents.burn(agent), buyer);
  assert.ok((await reads.agent(agent)).isNone);
});

test('warned of nothing while it did all of this', () => {
  assert.deepEqual(complaints.slice(whileConnecting), []);
});
