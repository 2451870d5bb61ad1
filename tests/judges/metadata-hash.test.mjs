// Transactions whose signature covers the hash of the metadata (`CheckMetadataHash` in mode 1). A wallet that knows no chain, such as a
// hardware wallet, is shown what it signs by a program it need not trust: metadata, decimals and token symbol that are not the chain's give
// another hash, and with it a signature that the chain refuses.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { withMetadataHash } from 'polkadot-api/signer';
import * as papi from './papi-connection.mjs';
import * as polkadotJs from './polkadot-js-connection.mjs';

const NOEMA = 10n ** 18n;

let client;
let unsafeApi;
let js;
/** The token as the chain's properties describe it. */
let token;

before(
  async () => {
    js = await polkadotJs.connect();
    ({ client } = papi.connect());
    const { properties } = await client.getChainSpecData();
    token = { decimals: properties.tokenDecimals, tokenSymbol: properties.tokenSymbol };
    unsafeApi = client.getUnsafeApi();
  },
  { timeout: 30_000 },
);
after(async () => {
  client?.destroy();
  await js?.disconnect();
});

/** Signs a transfer of Dave's with PAPI, for a wallet that was told of this token. */
function transferShownAs(shown) {
  const dave = papi.developmentAccount('//Dave');
  const { address } = papi.developmentAccount('//judges//metadata-hash');
  const transfer = unsafeApi.tx.Balances.transfer_keep_alive({ dest: { type: 'Id', value: address }, value: NOEMA });
  return transfer.signAndSubmit(withMetadataHash(shown, dave.signer));
}

const isBadProof = ({ name, error }) => {
  assert.equal(name, 'InvalidTxError');
  assert.deepEqual({ kind: error.type, reason: error.value.type }, { kind: 'Invalid', reason: 'BadProof' });
  return true;
};

/** Sends a transfer of Eve's with @polkadot/api, signed in mode 1 with this hash. */
function transferWithHash(metadataHash) {
  const eve = polkadotJs.developmentAccount('//Eve');
  const receiver = polkadotJs.developmentAccount('//judges//metadata-hash');
  const transfer = js.tx.balances.transferKeepAlive(receiver.address, NOEMA);
  return polkadotJs.sendAndFinalise(transfer, eve, { mode: 1, metadataHash });
}

/** The hash of the chain's metadata and token. */
async function hashOfChain() {
  const metadata = (await js.call.metadata.metadataAtVersion(15)).unwrap();
  return merkleizeMetadata(metadata.toU8a(true), token).digest();
}

test('PAPI: with the chain’s token, the transfer passes', { timeout: 30_000 }, async () => {
  const { ok, dispatchError } = await transferShownAs(token);
  assert.ok(ok, JSON.stringify(dispatchError));
});

test('PAPI: with other decimals, the signature is refused', { timeout: 30_000 }, () =>
  assert.rejects(transferShownAs({ ...token, decimals: token.decimals - 6 }), isBadProof));

test('PAPI: with another symbol, the signature is refused', { timeout: 30_000 }, () =>
  assert.rejects(transferShownAs({ ...token, tokenSymbol: 'DOT' }), isBadProof));

test('@polkadot/api: with the right hash, the transfer passes', { timeout: 30_000 }, async () => {
  const { dispatchError, status, txHash } = await transferWithHash(u8aToHex(await hashOfChain()));
  assert.equal(dispatchError, undefined);
  const { block } = await js.rpc.chain.getBlock(status.asFinalized);
  const included = block.extrinsics.find(({ hash }) => hash.eq(txHash));
  assert.equal(included.mode.toNumber(), 1, 'its signature covers the hash');
});

test('@polkadot/api: with one bit of the hash wrong, the node refuses the signature', { timeout: 30_000 }, async () => {
  const wrong = await hashOfChain();
  wrong[31] ^= 1;
  await assert.rejects(transferWithHash(u8aToHex(wrong)), /^RpcError: 1010: Invalid Transaction: Transaction has a bad signature$/);
});
