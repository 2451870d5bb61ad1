// A connection of @polkadot/api, and what the judges wait for on it.

import { EventEmitter, on } from 'node:events';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { endpoint } from './environment.mjs';

/** Connects, or fails: there is no second attempt. */
export async function connect() {
  const provider = new WsProvider(endpoint());
  try {
    return await ApiPromise.create({ provider, throwOnConnect: true });
  } catch (error) {
    await provider.disconnect();
    throw new Error(`no connection to ${endpoint()}: ${error.message}`);
  }
}

/** The key pair of a development account, such as `//Alice`. */
export const developmentAccount = (uri) => new Keyring({ type: 'sr25519' }).addFromUri(uri);

/** Signs and sends; resolves with the outcome when the block is final, whatever the outcome is. */
export function sendAndFinalise(transaction, signer, options = {}) {
  return new Promise((resolve, reject) => {
    transaction
      .signAndSend(signer, options, (result) => {
        if (result.status.isFinalized) resolve(result);
        else if (result.isError) reject(new Error(`the transaction ended as ${result.status.type}`));
      })
      .catch(reject);
  });
}

/** The events of `section.method` in a list of event records. */
export const eventsNamed = (records, section, method) =>
  records.map(({ event }) => event).filter((event) => event.section === section && event.method === method);

/** The only event of `section.method` in a list of event records. */
export function onlyEvent(records, section, method) {
  const found = eventsNamed(records, section, method);
  if (found.length !== 1) {
    const seen = records.map(({ event }) => `${event.section}.${event.method}`).join(', ');
    throw new Error(`expected one ${section}.${method}, found ${found.length} in: ${seen}`);
  }
  return found[0];
}

/** The event records of the final blocks from number `next` on, none left out, up to one with an event that is `awaited`. */
export async function eventsUntil(api, next, awaited) {
  const heads = new EventEmitter();
  const final = on(heads, 'final');
  const unsubscribe = await api.rpc.chain.subscribeFinalizedHeads((head) => heads.emit('final', head.number.toNumber()));
  const seen = [];
  try {
    for await (const [head] of final) {
      for (; next <= head; next += 1) {
        const block = await api.at(await api.rpc.chain.getBlockHash(next));
        const records = await block.query.system.events();
        seen.push(...records);
        if (records.some(({ event }) => awaited(event))) return seen;
      }
    }
  } finally {
    unsubscribe();
  }
}
