// A client of PAPI, with development accounts that sign for it.

import { sr25519CreateDerive } from '@polkadot-labs/hdkd';
import { DEV_PHRASE, entropyToMiniSecret, mnemonicToEntropy, ss58Address } from '@polkadot-labs/hdkd-helpers';
import { createClient } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { SocketEvents, getWsProvider } from 'polkadot-api/ws';
import { WebSocket } from 'ws';
import { endpoint } from './environment.mjs';

const SS58_PREFIX = 42;

/** A client, and the names of the RPC methods that go over its socket. */
export function connect() {
  const methods = new Set();
  const logger = (event) => {
    if (event.type === SocketEvents.OUT) methods.add(JSON.parse(event.msg).method);
  };
  // Node 20 has no WebSocket of its own.
  const client = createClient(getWsProvider(endpoint(), { websocketClass: WebSocket, logger }));
  return { client, methods };
}

const derive = sr25519CreateDerive(entropyToMiniSecret(mnemonicToEntropy(DEV_PHRASE)));

/** The address and the signer of a development account, such as `//Alice`. */
export function developmentAccount(path) {
  const { publicKey, sign } = derive(path);
  return { address: ss58Address(publicKey, SS58_PREFIX), signer: getPolkadotSigner(publicKey, 'Sr25519', sign) };
}

/** The only event of `pallet.name` in a list of events. */
export function onlyEvent(events, pallet, name) {
  const found = events.filter(({ type, value }) => type === pallet && value.type === name);
  if (found.length !== 1) {
    const seen = events.map(({ type, value }) => `${type}.${value.type}`).join(', ');
    throw new Error(`expected one ${pallet}.${name}, found ${found.length} in: ${seen}`);
  }
  return found[0].value.value;
}
