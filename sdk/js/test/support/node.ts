// A node in this process, with the metadata that is committed for the daemons: enough of both JSON-RPC interfaces to connect, to read and to build calls.

import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { repositoryFile } from './vectors.js';

const METADATA = repositoryFile('services/chain-client/metadata.scale');
export const GENESIS = `0x${'11'.repeat(32)}`;
const FINALIZED = `0x${'22'.repeat(32)}`;
const CODE = `0x${'33'.repeat(32)}`;
const PARENT = '00'.repeat(32);
const VERSION = {
  specName: 'noema',
  implName: 'noema',
  authoringVersion: 1,
  specVersion: 1,
  implVersion: 1,
  transactionVersion: 1,
  stateVersion: 1,
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A length in SCALE, whatever it is. */
function compact(length: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length * 4 + 2);
  return bytes.toString('hex');
}

interface Message {
  readonly id: number;
  readonly method: string;
  readonly params?: readonly any[];
}

/** What the runtime answers to a function, by its arguments in hex; SCALE in hex without `0x`. */
export type Answers = Record<string, string | ((given: string) => string)>;

export class TestNode {
  readonly url: string;
  /** Runtime functions, as `ComputeApi_service`. */
  answers: Answers = {};
  /** What every question for an item of storage gives. */
  storage: string | undefined;
  /** The functions that were asked, with their arguments. */
  readonly asked: { readonly name: string; readonly given: string }[] = [];
  readonly #server: WebSocketServer;
  readonly #blocks = [FINALIZED];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => {
      socket.on('message', (data) => this.#take(socket, JSON.parse(String(data)) as Message));
    });
  }

  static async start(): Promise<TestNode> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise<void>((resolve) => server.on('listening', resolve));
    return new TestNode(server);
  }

  stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Finalises a block: what was answered before is asked anew. */
  finalise(): void {
    const parent = this.#blocks.at(-1) as string;
    const block = `0x${(0x22 + this.#blocks.length).toString(16).repeat(32)}`;
    this.#blocks.push(block);
    for (const result of [
      { event: 'newBlock', blockHash: block, parentBlockHash: parent, newRuntime: null },
      { event: 'bestBlockChanged', bestBlockHash: block },
      { event: 'finalized', finalizedBlockHashes: [block], prunedBlockHashes: [] },
    ]) {
      const message = { jsonrpc: '2.0', method: 'chainHead_v1_followEvent', params: { subscription: 'follow', result } };
      for (const client of this.#server.clients) client.send(JSON.stringify(message));
    }
  }

  #call(name: string, given: string): string {
    const metadata = `${compact(METADATA.length)}${hex(METADATA)}`;
    if (name === 'Metadata_metadata_versions') return `0x040f000000`;
    if (name === 'Metadata_metadata_at_version') return given === '0x0f000000' ? `0x01${metadata}` : '0x00';
    if (name === 'Metadata_metadata') return `0x${metadata}`;
    this.asked.push({ name, given });
    const answer = this.answers[name];
    if (answer === undefined) throw new Error(`this node has no answer to ${name}`);
    return `0x${typeof answer === 'string' ? answer : answer(given)}`;
  }

  #take(socket: WebSocket, { id, method, params = [] }: Message): void {
    const send = (message: object) => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
    const event = (result: object) => send({ method: 'chainHead_v1_followEvent', params: { subscription: 'follow', result } });
    const operation = (...events: object[]) => {
      send({ id, result: { result: 'started', operationId: `${id}` } });
      for (const one of events) event({ ...one, operationId: `${id}` });
    };
    const header = { parentHash: `0x${PARENT}`, number: '0x1', stateRoot: `0x${PARENT}`, extrinsicsRoot: `0x${PARENT}`, digest: { logs: [] } };
    const results: Record<string, () => unknown> = {
      chainSpec_v1_genesisHash: () => GENESIS,
      chainSpec_v1_chainName: () => 'Noema Development',
      chainSpec_v1_properties: () => ({ tokenDecimals: 18, tokenSymbol: 'NOEMA', ss58Format: 42 }),
      chainHead_v1_header: () => {
        const number = 1 + this.#blocks.indexOf(params[1]);
        const parent = this.#blocks[number - 2]?.slice(2) ?? PARENT;
        return `0x${parent}${(4 * number).toString(16).padStart(2, '0')}${PARENT}${PARENT}00`;
      },
      chainHead_v1_unpin: () => null,
      chainHead_v1_unfollow: () => null,
      chain_getBlockHash: () => GENESIS,
      chain_getFinalizedHead: () => FINALIZED,
      chain_getHeader: () => header,
      chain_subscribeNewHead: () => 'heads',
      state_getRuntimeVersion: () => ({ ...VERSION, apis: [['0xdf6acb689907609b', 5], ['0x37e397fc7c91f5e4', 2]] }),
      state_subscribeRuntimeVersion: () => 'version',
      state_getMetadata: () => `0x${hex(METADATA)}`,
      state_call: () => this.#call(params[0], params[1]),
      system_chain: () => 'Noema Development',
      system_name: () => 'test',
      system_version: () => '1',
      system_properties: () => ({ tokenDecimals: 18, tokenSymbol: 'NOEMA', ss58Format: 42 }),
      system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
      rpc_methods: () => ({ methods: Object.keys(results) }),
    };
    try {
      switch (method) {
        case 'chainHead_v1_follow':
          send({ id, result: 'follow' });
          event({
            event: 'initialized',
            finalizedBlockHashes: [FINALIZED],
            finalizedBlockRuntime: { type: 'valid', spec: { ...VERSION, apis: { '0xdf6acb689907609b': 5, '0x37e397fc7c91f5e4': 2 } } },
          });
          return;
        case 'chainHead_v1_call':
          return operation({ event: 'operationCallDone', output: this.#call(params[2], params[3]) });
        case 'chainHead_v1_storage': {
          // The code is asked for by its hash, and is always the same.
          const items = params[2].map(({ key, type }: { key: string; type: string }) => ({ key, [type]: type === 'value' ? this.storage : CODE }));
          const found = items.filter((item: Record<string, unknown>) => Object.values(item).every((value) => value !== undefined));
          return operation({ event: 'operationStorageItems', items: found }, { event: 'operationStorageDone' });
        }
        default: {
          const result = results[method];
          if (!result) throw new Error(`this node has no method ${method}`);
          return send({ id, result: result() });
        }
      }
    } catch (error) {
      send({ id, error: { code: -32601, message: String(error) } });
    }
  }
}
