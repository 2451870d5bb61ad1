// Registers an agent, lets a key act for it, and reads what came of it: node own-agent.mjs ws://127.0.0.1:9944 //Alice

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { keyFromUri } from '@noema/sdk';
import { agentCalls, agentReads, signWallet } from '@noema/sdk/agents';

const [node, secret] = process.argv.slice(2);
const NOEMA = 10n ** 18n;
const api = await ApiPromise.create({ provider: new WsProvider(node), noInitWarn: true });
const pairs = new Keyring({ type: 'sr25519' });
const owner = pairs.addFromUri(secret);
const calls = agentCalls(api);
const reads = agentReads(api);

/** Signs and sends; resolves with the event of this name when the block is final. */
const done = (call, signer, name) =>
  new Promise((resolve, reject) => {
    const told = ({ status, dispatchError, events }) => {
      if (!status.isFinalized) return;
      if (dispatchError) return reject(new Error(api.registry.findMetaError(dispatchError.asModule).docs.join(' ')));
      resolve(events.map(({ event }) => event).find((event) => event.section === 'agents' && event.method === name)?.data);
    };
    call.signAndSend(signer, told).catch(reject);
  });

try {
  const endpoints = [{ kind: 'openai', url: 'https://agent.example/v1' }];
  const { agent } = await done(calls.register({ endpoints }), owner, 'Registered');
  const { account, bindings } = await reads.agent(agent.toBigInt());
  console.log(`agent ${agent} has the account ${account}`);

  // Where it is paid: a wallet that agrees by its signature, which is of the bytes as they are.
  const wallet = pairs.addFromUri(`${secret}//wallet`);
  const deadline = (await api.query.audits.clock()).tick.toBigInt() + 300n;
  const binding = { genesis: api.genesisHash.toHex(), agent: agent.toBigInt(), owner: owner.address, wallet: wallet.address, nonce: bindings, deadline };
  const signature = await signWallet(await keyFromUri(`${secret}//wallet`), binding);
  await done(calls.bindWallet({ ...binding, signature }), owner, 'WalletBound');

  // A key that may send 2 NOEMA a day in all, 1 at once, and make no other call.
  const key = pairs.addFromUri(`${secret}//session`);
  const grant = { agent: agent.toBigInt(), key: key.address, calls: ['Balances.transfer_keep_alive'], perUse: NOEMA, total: 2n * NOEMA };
  await done(calls.grantSession(grant), owner, 'SessionGranted');
  const money = [account, key.address].map((to) => api.tx.balances.transferKeepAlive(to, 5n * NOEMA));
  await done(api.tx.utility.batchAll(money), owner);
  const call = api.tx.balances.transferKeepAlive(wallet.address, NOEMA);
  const acted = await done(calls.act({ agent: agent.toBigInt(), call }), key, 'Acted');
  console.log(`the key spent ${acted.spent} units`);
  const [session] = await reads.sessions(agent.toBigInt());
  console.log(`${session.spent} of ${session.limits.total} are spent`);
} finally {
  await api.disconnect();
}
