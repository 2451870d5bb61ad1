// PAPI (`polkadot-api`), unpatched, over JSON-RPC v2. It has no descriptors: what it knows, it reads from the chain.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { filter, firstValueFrom, map, mergeMap, scan } from 'rxjs';
import { rootOf } from './noema-program.mjs';
import { connect, developmentAccount, onlyEvent } from './papi-connection.mjs';
import { temporaryFiles } from './temporary-files.mjs';

const NOEMA = 10n ** 18n;
/** Rounds that are bought. */
const ROUNDS = 24;
const REPLICAS = 3;

const charlie = developmentAccount('//Charlie');

let client;
let methods;
let api;
let files;

before(
  async () => {
    files = await temporaryFiles();
    ({ client, methods } = connect());
    await client.getFinalizedBlock();
    api = client.getUnsafeApi();
  },
  { timeout: 30_000 },
);
after(async () => {
  client?.destroy();
  await files?.remove();
});

const freeAt = async (at, { address }) => (await api.query.System.Account.getValue(address, { at })).data.free;

/** What the storage pallet holds of an account at a block. */
async function depositsAt(at, { address }) {
  const holds = await api.query.Balances.Holds.getValue(address, { at });
  const ours = holds.filter(({ id }) => id.type === 'Storage' && id.value.type === 'Deposit');
  return ours.reduce((sum, { amount }) => sum + amount, 0n);
}

test('knows the chain and its token', async () => {
  const { properties, genesisHash } = await client.getChainSpecData();
  assert.equal(properties.tokenSymbol, 'NOEMA');
  assert.equal(properties.tokenDecimals, 18);
  assert.equal(properties.ss58Format, await api.constants.System.SS58Prefix());
  assert.equal(genesisHash, await api.query.System.BlockHash.getValue(0));
});

test('transfers, and decodes the events and the fee', { timeout: 30_000 }, async () => {
  const receiver = developmentAccount('//judges//papi');
  const transfer = api.tx.Balances.transfer_keep_alive({
    dest: { type: 'Id', value: receiver.address },
    value: 5n * NOEMA,
  });
  const estimate = await transfer.getEstimatedFees(charlie.address);
  const start = await client.getFinalizedBlock();
  const [sentBefore, gotBefore] = await Promise.all([freeAt(start.hash, charlie), freeAt(start.hash, receiver)]);

  const states = [];
  const final = await new Promise((resolve, reject) => {
    transfer.signSubmitAndWatch(charlie.signer).subscribe({
      next: (state) => {
        states.push(state.type);
        if (state.type === 'finalized') resolve(state);
      },
      error: reject,
    });
  });
  assert.deepEqual(states.slice(0, 2), ['signed', 'broadcasted']);
  assert.ok(states.includes('txBestBlocksState'), 'it is seen in a block before it is final');
  assert.ok(final.ok, JSON.stringify(final.dispatchError));

  const moved = onlyEvent(final.events, 'Balances', 'Transfer');
  assert.deepEqual(moved, { from: charlie.address, to: receiver.address, amount: 5n * NOEMA });
  const paid = onlyEvent(final.events, 'TransactionPayment', 'TransactionFeePaid');
  assert.equal(paid.who, charlie.address);
  assert.equal(paid.tip, 0n);
  assert.ok(paid.actual_fee > 0n && estimate > 0n);
  onlyEvent(final.events, 'System', 'ExtrinsicSuccess');

  assert.equal(await freeAt(final.block.hash, charlie), sentBefore - 5n * NOEMA - paid.actual_fee);
  assert.equal(await freeAt(final.block.hash, receiver), gotBefore + 5n * NOEMA);
});

test('commits to a file, watches the draw of its providers, and removes it', { timeout: 90_000 }, async () => {
  // A file that this chain does not have yet.
  const start = await client.getFinalizedBlock();
  const { root, size } = await rootOf(await files.write('committed', start.hash));
  const [base, perReplica] = await Promise.all([
    api.constants.Storage.DepositBase(),
    api.constants.Storage.DepositPerReplica(),
  ]);
  const deposit = base + BigInt(REPLICAS) * perReplica;
  const quoted = await api.apis.LeasesApi.quote(BigInt(size), REPLICAS, ROUNDS);
  assert.ok(quoted.success, 'the file has a price');
  const { rent, escrow, placement, total } = quoted.value;
  assert.equal(quoted.value.deposit, deposit);
  assert.equal(total, escrow + placement + deposit);
  const heldBefore = await depositsAt(start.hash, charlie);

  // Watched from before the call, so that nothing is missed.
  const drawn = firstValueFrom(
    api.event.Storage.ReplicaAssigned.watch().pipe(
      mergeMap(({ events }) => events),
      map(({ payload }) => payload),
      filter(({ owner }) => owner === charlie.address),
      scan((all, one) => [...all, one], []),
      filter((all) => all.length === REPLICAS),
    ),
  );
  const commit = api.tx.Storage.commit({ root, size: BigInt(size), replicas: REPLICAS, rounds: ROUNDS, max: total });
  const result = await commit.signAndSubmit(charlie.signer);
  assert.ok(result.ok, JSON.stringify(result.dispatchError));
  const committed = onlyEvent(result.events, 'Storage', 'Committed');
  const { file, until } = committed;
  assert.deepEqual(committed, {
    file,
    owner: charlie.address,
    root,
    size: BigInt(size),
    replicas: REPLICAS,
    deposit,
    rent,
    until,
    escrow,
    placement,
  });
  assert.equal(rent > 0n && until >= quoted.value.round + ROUNDS, true);
  assert.equal((await depositsAt(result.block.hash, charlie)) - heldBefore, deposit);

  const assigned = await drawn;
  assert.ok(assigned.every((event) => event.file === file));
  assert.deepEqual(assigned.map(({ slot }) => slot).sort(), [0, 1, 2]);
  assert.equal(new Set(assigned.map(({ provider }) => provider)).size, REPLICAS);
  const deal = await api.query.Storage.Deals.getValue(file, charlie.address);
  assert.equal(deal.root, root);
  for (const { slot, provider, ready_by } of assigned) {
    assert.deepEqual(deal.slots[slot].state, { type: 'Assigned', value: { provider, ready_by } });
  }

  const removal = await api.tx.Storage.remove({ file, replicas: deal.slots.length }).signAndSubmit(charlie.signer);
  assert.ok(removal.ok, JSON.stringify(removal.dispatchError));
  assert.deepEqual(onlyEvent(removal.events, 'Storage', 'Removed'), {
    file,
    owner: charlie.address,
    // Nobody has earned a round of it.
    refunded: deposit + escrow,
    reason: { type: 'Removed', value: undefined },
  });
  assert.equal(await depositsAt(removal.block.hash, charlie), heldBefore);
  assert.equal(await api.query.Storage.Deals.getValue(file, charlie.address), undefined);
});

test('fills a purse, asks for it, and empties it', { timeout: 60_000 }, async () => {
  const deposit = await api.tx.Compute.deposit({ amount: 3n * NOEMA }).signAndSubmit(charlie.signer);
  assert.ok(deposit.ok, JSON.stringify(deposit.dispatchError));
  const put = onlyEvent(deposit.events, 'Compute', 'Deposited');
  assert.deepEqual(put, { payer: charlie.address, amount: 3n * NOEMA });
  const purse = await api.apis.ComputeApi.purse(charlie.address);
  assert.equal(purse.balance, 3n * NOEMA);
  assert.equal(purse.reserved, 0n);
  const holds = await api.query.Balances.Holds.getValue(charlie.address);
  const held = holds.find(({ id }) => id.type === 'Compute' && id.value.type === 'Purse');
  assert.equal(held.amount, 3n * NOEMA);

  const withdrawal = await api.tx.Compute.withdraw({ amount: 3n * NOEMA }).signAndSubmit(charlie.signer);
  assert.ok(withdrawal.ok, JSON.stringify(withdrawal.dispatchError));
  assert.equal(await api.apis.ComputeApi.purse(charlie.address), undefined);

  const nobody = { kind: undefined, model: Buffer.from('no/such/model'), at_most: undefined, mode: undefined };
  const page = await api.apis.ComputeApi.browse(nobody, undefined, 10);
  assert.deepEqual(page, { items: [], next: undefined });
  assert.equal(await api.constants.Compute.SlashFactor(), 6);
});

test('names the error of a call that fails', { timeout: 30_000 }, async () => {
  const commit = api.tx.Storage.commit({ root: `0x${'11'.repeat(32)}`, size: 1n, replicas: 0, rounds: ROUNDS, max: 0n });
  const result = await commit.signAndSubmit(charlie.signer);
  assert.equal(result.ok, false);
  assert.equal(result.dispatchError.type, 'Module');
  const { type, value } = result.dispatchError.value;
  assert.deepEqual({ pallet: type, error: value.type }, { pallet: 'Storage', error: 'NoReplicas' });
});

test('refuses a nonce that was used', { timeout: 30_000 }, async () => {
  const { nonce } = await api.query.System.Account.getValue(charlie.address);
  assert.ok(nonce > 0, 'the transactions above have used nonces');
  const remark = api.tx.System.remark({ remark: new Uint8Array([1]) });
  await assert.rejects(remark.signAndSubmit(charlie.signer, { nonce: nonce - 1 }), (refused) => {
    assert.equal(refused.name, 'InvalidTxError');
    assert.equal(refused.error.type, 'Invalid');
    assert.equal(refused.error.value.type, 'Stale');
    return true;
  });
});

test('reads the providers and the parameters', async () => {
  const parameters = await api.constants.Providers.Parameters();
  const [, { minimum_bond: minimum }] = parameters.find(([role]) => role.type === 'Storage');
  assert.equal(minimum, 100n * NOEMA);
  assert.equal(await api.constants.Storage.MaxReplicas(), 16);

  const entries = await api.query.Providers.Providers.getEntries({ type: 'Storage', value: undefined });
  assert.ok(entries.length >= REPLICAS, 'the network has three storage providers');
  for (const { value } of entries) {
    assert.equal(value.state.type, 'Active');
    assert.ok(value.bond >= minimum);
    assert.match(Buffer.from(value.endpoint).toString(), /^https?:\/\//);
  }
});

test('calls the runtime interfaces', async () => {
  const { apis } = api;
  const version = await apis.Core.version();
  assert.equal(version.spec_name, 'noema');
  assert.deepEqual(version, await api.constants.System.Version());
  assert.deepEqual(await apis.Metadata.metadata_versions(), [14, 15, 16]);

  const { nonce } = await api.query.System.Account.getValue(charlie.address);
  assert.equal(await apis.AccountNonceApi.account_nonce(charlie.address), nonce);

  const babe = await apis.BabeApi.configuration();
  assert.equal(babe.slot_duration, 1_000n);
  assert.equal(babe.epoch_length, await api.constants.Babe.EpochDuration());
  assert.equal((await apis.GrandpaApi.grandpa_authorities()).length, babe.authorities.length);
  assert.equal((await apis.AuthorityDiscoveryApi.authorities()).length, babe.authorities.length);

  const call = api.tx.Storage.commit({ root: `0x${'22'.repeat(32)}`, size: 1_000_000n, replicas: REPLICAS, rounds: ROUNDS, max: NOEMA });
  const { decodedCall } = call;
  const encoded = await call.getEncodedData();
  const info = await apis.TransactionPaymentCallApi.query_call_info(decodedCall, encoded.length);
  const details = await apis.TransactionPaymentCallApi.query_call_fee_details(decodedCall, encoded.length);
  assert.equal(info.class.type, 'Normal');
  const { base_fee, len_fee, adjusted_weight_fee } = details.inclusion_fee;
  assert.equal(info.partial_fee, base_fee + len_fee + adjusted_weight_fee);

  const presets = await apis.GenesisBuilder.preset_names();
  assert.deepEqual(presets.sort(), ['development', 'four_validators', 'local_testnet']);
});

test('asks a view function of a pallet', async () => {
  const [any, storage] = ['Any', 'Storage'].map((type) => ({ type, value: undefined }));
  const covers = (one, other) => api.view.Proxy.is_superset(one, other);
  assert.equal(await covers(any, storage), true, 'a proxy for everything may commit files');
  assert.equal(await covers(storage, any), false, 'a proxy for files may not do everything');
});

test('needed nothing but JSON-RPC v2', () => {
  const outside = [...methods].filter(
    (method) => !/^(chainHead|chainSpec|transaction)_v1_\w+$/.test(method) && method !== 'rpc_methods',
  );
  assert.deepEqual(outside, []);
  for (const used of ['chainHead_v1_follow', 'chainHead_v1_call', 'chainHead_v1_storage', 'transaction_v1_broadcast']) {
    assert.ok(methods.has(used), used);
  }
});
