// @polkadot/api, unpatched and with its defaults: what Polkadot.js Apps and most wallets are made of.

import { complaints } from './console-complaints.mjs';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Metadata, TypeRegistry } from '@polkadot/types';
import { compactStripLength, hexToU8a, stringToU8a, u8aConcat, u8aEq } from '@polkadot/util';
import { blake2AsHex } from '@polkadot/util-crypto';
import { putFile, rootOf } from './noema-program.mjs';
import {
  connect,
  developmentAccount,
  eventsUntil,
  onlyEvent,
  sendAndFinalise,
} from './polkadot-js-connection.mjs';
import { temporaryFiles } from './temporary-files.mjs';

const NOEMA = 10n ** 18n;
/** Rounds that are bought. */
const ROUNDS = 24;
const REPLICAS = 3;

// What it says of an RPC method that it has no function for. These are the SDK's, and JSON-RPC v2, which it does not use.
const NOT_DECORATED = 'API/INIT: RPC methods not decorated: ';
const KNOWN_METHODS =
  /^((archive|chainHead|chainSpec|transaction|transactionWatch)_v1_\w+|author_rotateKeysWithOwner|bitswap_v1_get|state_callRecorded)$/;

let api;
let files;
let alice;
let bob;
let whileConnecting;

before(
  async () => {
    files = await temporaryFiles();
    api = await connect();
    whileConnecting = complaintsAboutTheChain();
    // Its WASM cryptography is ready when the connection is.
    alice = developmentAccount('//Alice');
    bob = developmentAccount('//Bob');
  },
  { timeout: 30_000 },
);
after(async () => {
  await api?.disconnect();
  await files?.remove();
});

/** The complaints about the chain: all, but for RPC methods that are known to be beyond this client. */
function complaintsAboutTheChain() {
  return complaints.filter((complaint) => {
    const [, methods] = complaint.split(NOT_DECORATED);
    return methods === undefined || !methods.split(', ').every((method) => KNOWN_METHODS.test(method));
  });
}

/** What an account has free and reserved at a block. */
async function balancesAt(hash, account) {
  const { data } = await (await api.at(hash)).query.system.account(account.address);
  return { free: data.free.toBigInt(), reserved: data.reserved.toBigInt() };
}

/** The hash of a block's parent. */
const parentOf = async (hash) => (await api.rpc.chain.getHeader(hash)).parentHash;

/** What the storage pallet holds of an account. */
async function depositsOf(account) {
  const holds = await api.query.balances.holds(account.address);
  const ours = holds.filter(({ id }) => id.isStorage && id.asStorage.isDeposit);
  return ours.reduce((sum, { amount }) => sum + amount.toBigInt(), 0n);
}

test('connects without a warning about extensions, types or interfaces', () => {
  assert.deepEqual(whileConnecting, []);
});

test('knows the chain, its token and its addresses', async () => {
  assert.equal(api.runtimeVersion.specName.toString(), 'noema');
  assert.deepEqual(api.registry.chainTokens, ['NOEMA']);
  assert.deepEqual(api.registry.chainDecimals, [18]);
  assert.equal(api.registry.chainSS58, api.consts.system.ss58Prefix.toNumber());
});

test('decodes metadata of versions 14, 15 and 16', { timeout: 30_000 }, async () => {
  const versions = (await api.call.metadata.metadataVersions()).map((version) => version.toNumber());
  assert.deepEqual(versions, [14, 15, 16]);

  const encoded = new Map();
  for (const version of versions) {
    // The bytes are in the interface's answer with their length before them.
    const [, bytes] = compactStripLength((await api.call.metadata.metadataAtVersion(version)).unwrap().toU8a());
    encoded.set(version, bytes);
    const metadata = new Metadata(new TypeRegistry(), bytes);
    assert.equal(metadata.version, version);
    assert.ok(u8aEq(metadata.toU8a(), bytes), `version ${version} is the same when it is encoded again`);

    const { pallets, apis } = metadata.asLatest;
    const names = pallets.map(({ name }) => name.toString());
    for (const ours of ['Compute', 'Entropy', 'Providers', 'Storage']) assert.ok(names.includes(ours), `${ours} in V${version}`);
    assert.deepEqual(names, api.runtimeMetadata.asLatest.pallets.map(({ name }) => name.toString()));
    if (version > 14) assert.ok(apis.some(({ name }) => name.eq('TransactionPaymentCallApi')), `interfaces in V${version}`);
  }
  const plain = hexToU8a(await api.rpc.state.getMetadata.raw());
  assert.ok(u8aEq(plain, encoded.get(14)), 'state_getMetadata is version 14');
});

test('can construct every type of the metadata', () => {
  for (const { id } of api.registry.lookup.types) {
    api.createType(api.registry.createLookupType(id));
  }
});

test('transfers, and decodes the events and the fee', { timeout: 30_000 }, async () => {
  const receiver = developmentAccount('//judges//polkadot-js');
  const transfer = api.tx.balances.transferKeepAlive(receiver.address, 5n * NOEMA);
  const estimate = (await transfer.paymentInfo(bob)).partialFee.toBigInt();
  const result = await sendAndFinalise(transfer, bob);
  assert.equal(result.dispatchError, undefined);

  const moved = onlyEvent(result.events, 'balances', 'Transfer').data;
  assert.equal(moved.from.toString(), bob.address);
  assert.equal(moved.to.toString(), receiver.address);
  assert.equal(moved.amount.toBigInt(), 5n * NOEMA);

  const { who, actualFee, tip } = onlyEvent(result.events, 'transactionPayment', 'TransactionFeePaid').data;
  assert.equal(who.toString(), bob.address);
  assert.equal(tip.toBigInt(), 0n);
  assert.ok(actualFee.toBigInt() > 0n && estimate > 0n);
  onlyEvent(result.events, 'system', 'ExtrinsicSuccess');

  const hash = result.status.asFinalized;
  const parent = await parentOf(hash);
  const [sent, got] = await Promise.all(
    [bob, receiver].map(async (account) => {
      const [then, now] = await Promise.all([balancesAt(parent, account), balancesAt(hash, account)]);
      return now.free - then.free;
    }),
  );
  assert.equal(sent, -5n * NOEMA - actualFee.toBigInt());
  assert.equal(got, 5n * NOEMA);
});

test('commits to a file, watches it until it is active, and removes it', { timeout: 100_000 }, async () => {
  // A file that this chain does not have yet.
  const path = await files.write('committed', (await api.rpc.chain.getFinalizedHead()).toU8a());
  const { root, file, size } = await rootOf(path);
  const { depositBase, depositPerReplica } = api.consts.storage;
  const deposit = depositBase.toBigInt() + BigInt(REPLICAS) * depositPerReplica.toBigInt();
  const quoted = (await api.call.leasesApi.quote(size, REPLICAS, ROUNDS)).asOk;
  const [escrow, placement, total] = [quoted.escrow, quoted.placement, quoted.total].map((amount) => amount.toBigInt());
  assert.equal(quoted.deposit.toBigInt(), deposit);
  assert.equal(total, escrow + placement + deposit);
  const heldBefore = await depositsOf(alice);

  const result = await sendAndFinalise(api.tx.storage.commit(root, size, REPLICAS, ROUNDS, total), alice);
  assert.equal(result.dispatchError, undefined);
  const committed = onlyEvent(result.events, 'storage', 'Committed').data;
  const length = new Uint8Array(new BigUint64Array([BigInt(size)]).buffer);
  assert.equal(committed.file.toHex(), blake2AsHex(u8aConcat(stringToU8a('noema/file/v1'), hexToU8a(root), length)));
  assert.equal(committed.file.toHex(), `0x${file}`);
  assert.equal(committed.owner.toString(), alice.address);
  assert.equal(committed.root.toHex(), root);
  assert.equal(committed.size_.toNumber(), size);
  assert.equal(committed.replicas.toNumber(), REPLICAS);
  assert.equal(committed.deposit.toBigInt(), deposit);
  assert.equal(committed.escrow.toBigInt(), escrow);
  assert.equal(committed.placement.toBigInt(), placement);
  assert.equal((await depositsOf(alice)) - heldBefore, deposit);

  const uploaded = putFile(path, REPLICAS, 'Alice');
  const { number } = await api.rpc.chain.getHeader(result.status.asFinalized);
  const isOfFile = (event) => event.section === 'storage' && event.data.file?.eq(committed.file);
  const missing = new Set(['active', 0, 1, 2]);
  const activeAndDrawn = eventsUntil(api, number.toNumber(), (event) => {
    if (isOfFile(event) && event.method === 'FileActivated') missing.delete('active');
    if (isOfFile(event) && event.method === 'ReplicaAssigned') missing.delete(event.data.slot.toNumber());
    return missing.size === 0;
  });
  const [records] = await Promise.all([activeAndDrawn, uploaded]);
  const ofFile = records.map(({ event }) => event).filter(isOfFile);
  const named = (method, events = ofFile) => events.filter((event) => event.method === method).map(({ data }) => data);
  const assigned = named('ReplicaAssigned');
  assert.deepEqual(assigned.map(({ slot }) => slot.toNumber()).sort(), [0, 1, 2]);
  const drawn = assigned.map(({ provider }) => provider.toString());
  assert.equal(new Set(drawn).size, REPLICAS, 'each replica has a provider of its own');
  const untilActive = ofFile.slice(0, ofFile.findIndex(({ method }) => method === 'FileActivated'));
  const proven = named('ReplicaProven', untilActive);
  assert.equal(proven.length, 2, 'two of three make it active');
  for (const { provider } of [...named('ReplicaReady'), ...proven]) assert.ok(drawn.includes(provider.toString()));

  const deal = (await api.query.storage.deals(committed.file, alice.address)).unwrap();
  assert.equal(deal.root.toHex(), root);
  assert.equal(deal.size_.toNumber(), size);
  assert.equal(deal.deposit.toBigInt(), deposit);
  for (const { slot, provider } of assigned) {
    assert.equal(deal.slots[slot.toNumber()].state.value.provider.toString(), provider.toString());
  }
  assert.ok(deal.held.toNumber() >= 2);
  const count = await api.query.storage.commitments(root, size);
  assert.deepEqual([count.deals.toNumber(), count.active.toNumber()], [1, 1]);

  const removal = await sendAndFinalise(api.tx.storage.remove(committed.file, deal.slots.length), alice);
  assert.equal(removal.dispatchError, undefined);
  assert.equal(onlyEvent(removal.events, 'storage', 'Removed').data.refunded.toBigInt(), deposit + escrow, 'nobody earned a round of it');
  assert.equal(await depositsOf(alice), heldBefore);
  assert.ok((await api.query.storage.deals(committed.file, alice.address)).isNone);
});

test('names the error of a call that fails, and says what to do', { timeout: 30_000 }, async () => {
  const result = await sendAndFinalise(api.tx.storage.commit(`0x${'11'.repeat(32)}`, 1, 0, ROUNDS, 0), alice);
  assert.ok(result.dispatchError?.isModule);
  const { section, name, docs } = api.registry.findMetaError(result.dispatchError.asModule);
  assert.deepEqual({ section, name, docs }, {
    section: 'storage',
    name: 'NoReplicas',
    docs: ['No replicas asked for. Ask for at least one.'],
  });
  onlyEvent(result.events, 'system', 'ExtrinsicFailed');
  onlyEvent(result.events, 'transactionPayment', 'TransactionFeePaid');
});

test('offers a service, opens a channel, and redeems a voucher that it signed', { timeout: 90_000 }, async () => {
  // Accounts that no other judge sends from at the same time.
  const [provider, payer] = ['//Alice//stash', '//Bob//stash'].map(developmentAccount);
  const [service, session] = ['//judges//service', '//judges//session'].map(developmentAccount);
  const done = async (transaction, signer) => {
    const result = await sendAndFinalise(transaction, signer);
    assert.equal(result.dispatchError, undefined, result.dispatchError?.toString());
    return result;
  };
  const loopback = 'http://127.0.0.1:1';
  await done(api.tx.providers.register('Compute', 500n * NOEMA, provider.address, loopback, 1 << 30), provider);
  const price = { Tokens: { input: NOEMA / 5n, cached: 0, output: NOEMA } };
  const descriptor = {
    kind: 'Chat',
    model: 'tiny/1',
    weights: null,
    endpoint: loopback,
    price,
    verification: 'None',
    capacity: 4,
  };
  const announced = await done(api.tx.compute.announce(descriptor, service.address), provider);
  const { service: number } = onlyEvent(announced.events, 'compute', 'ServiceAnnounced').data;

  const page = await api.call.computeApi.browse({ kind: 'Chat', model: 'tiny/1', atMost: price, mode: 'None' }, null, 10);
  const found = page.items.find((entry) => entry.service.eq(number));
  assert.equal(found.provider.toString(), provider.address);
  assert.ok(found.active.isTrue && found.descriptor.verification.isNone);

  const grant = {
    key: session.address,
    scope: null,
    limits: { perUse: NOEMA, total: 5n * NOEMA },
    expires: 2n ** 64n - 1n,
  };
  const opened = await done(api.tx.compute.open(number, 5n * NOEMA, 2, grant), payer);
  const { channel, key } = onlyEvent(opened.events, 'compute', 'ChannelOpened').data;
  assert.equal(key.toString(), service.address);

  const promised = {
    channel,
    session: 0,
    lane: 1,
    nonce: 1,
    service: number,
    paid: 0,
    maximum: NOEMA,
    request: `0x${'33'.repeat(32)}`,
    expires: 2n ** 64n - 1n,
    price,
  };
  const amount = NOEMA / 3n;
  const claim = (signature) => ({ voucher: promised, amount, signature: { Sr25519: signature }, demand: null });
  // Encoded by the client, from what the chain says of its form.
  const [[{ voucher }]] = api.tx.compute.redeem([claim(new Uint8Array(64))]).args;
  const payload = u8aConcat(stringToU8a('noema/compute/voucher/v1'), api.genesisHash.toU8a(), voucher.toU8a());
  const redeemed = await done(api.tx.compute.redeem([claim(session.sign(payload))]), provider);
  const paid = onlyEvent(redeemed.events, 'compute', 'Redeemed').data;
  assert.equal(paid.amount.toBigInt(), amount);
  assert.equal(paid.cut.toBigInt(), (amount + 99n) / 100n);
  const unconsumed = await api.call.computeApi.unconsumed(payer.address, provider.address);
  assert.equal(unconsumed.toBigInt(), amount);

  const closed = await done(api.tx.compute.close(channel), provider);
  const { returned } = onlyEvent(closed.events, 'compute', 'ChannelSettled').data;
  assert.equal(returned.toBigInt(), 5n * NOEMA - amount);
  const purse = (await api.call.computeApi.purse(payer.address)).unwrap();
  assert.equal(purse.balance.toBigInt() - purse.reserved.toBigInt(), 5n * NOEMA - amount);
});

test('reads the providers and the parameters', async () => {
  const parameters = api.consts.providers.parameters;
  const [, ofStorage] = parameters.find(([role]) => role.isStorage);
  assert.equal(ofStorage.minimumBond.toBigInt(), 100n * NOEMA);
  assert.equal(api.consts.storage.maxReplicas.toNumber(), 16);

  const entries = await api.query.providers.providers.entries('Storage');
  assert.ok(entries.length >= REPLICAS, 'the network has three storage providers');
  for (const [key, provider] of entries) {
    const { bond, endpoint, state } = provider.unwrap();
    assert.ok(key.args[0].isStorage);
    assert.ok(bond.toBigInt() >= ofStorage.minimumBond.toBigInt());
    assert.match(endpoint.toUtf8(), /^https?:\/\//);
    assert.ok(state.isActive);
  }
});

test('calls the runtime interfaces', async () => {
  const { call } = api;
  const { specName, specVersion, transactionVersion } = await call.core.version();
  assert.ok(specName.eq(api.runtimeVersion.specName));
  assert.ok(specVersion.eq(api.runtimeVersion.specVersion));
  assert.ok(transactionVersion.eq(api.runtimeVersion.transactionVersion));

  const { nonce } = await api.query.system.account(bob.address);
  assert.ok((await call.accountNonceApi.accountNonce(bob.address)).eq(nonce));

  const { slotDuration, epochLength, authorities } = await call.babeApi.configuration();
  assert.equal(slotDuration.toNumber(), 1_000);
  assert.equal(epochLength.toBigInt(), api.consts.babe.epochDuration.toBigInt());
  assert.deepEqual(
    (await call.authorityDiscoveryApi.authorities()).map((key) => key.toHex()),
    authorities.map(([key]) => key.toHex()),
    'on a development chain both keys are the account',
  );
  const finality = await call.grandpaApi.grandpaAuthorities();
  assert.equal(finality.length, authorities.length);

  const [[, keys]] = await api.query.session.queuedKeys();
  const decoded = (await call.sessionKeys.decodeSessionKeys(keys.toHex())).unwrap();
  assert.deepEqual(decoded.map(([, type]) => type.toUtf8()), ['babe', 'gran', 'audi']);

  const presets = (await call.genesisBuilder.presetNames()).map((name) => name.toString());
  assert.deepEqual(presets.sort(), ['development', 'four_validators', 'local_testnet']);
});

test('asks what a call costs before it is signed', async () => {
  const { method } = api.tx.storage.commit(`0x${'22'.repeat(32)}`, 1_000_000, REPLICAS, ROUNDS, NOEMA);
  const length = method.encodedLength;
  const calls = api.call.transactionPaymentCallApi;
  const { weight, class: dispatchClass, partialFee } = await calls.queryCallInfo(method, length);
  assert.ok(dispatchClass.isNormal);
  assert.ok(weight.refTime.toBigInt() > 0n);
  const { inclusionFee } = await calls.queryCallFeeDetails(method, length);
  const { baseFee, lenFee, adjustedWeightFee } = inclusionFee.unwrap();
  const sum = baseFee.toBigInt() + lenFee.toBigInt() + adjustedWeightFee.toBigInt();
  assert.equal(partialFee.toBigInt(), sum);
  assert.equal((await calls.queryLengthToFee(length)).toBigInt(), lenFee.toBigInt());
});

test('warned of nothing while it did all of this', () => {
  assert.deepEqual(complaintsAboutTheChain().slice(whileConnecting.length), []);
});
