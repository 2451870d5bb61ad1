// Reading the chain and sending transactions, over JSON-RPC v2 and without generated code: what it knows, it reads from the
// chain's metadata.

import { AccountId, InvalidTxError, createClient, type PolkadotClient, type PolkadotSigner } from 'polkadot-api';
import { getWsProvider } from 'polkadot-api/ws';
import { fromHex, toHex } from '../bytes.js';
import { ChainError, NoemaError, TransactionError, type Peer } from '../errors.js';
import { within } from '../waiting.js';
import { Latest } from './latest.js';
import type { Deal, ProviderRecord } from './types.js';

/** The provider registry's role of storage. */
const STORAGE = { type: 'Storage', value: undefined };
/** How long a transaction may take to be final, in milliseconds: longer than the 64 blocks for which it is valid. */
const TRANSACTION_TIME = 10 * 60_000;

/** How to reach a chain. */
export interface ConnectOptions {
  /** Limit for the first answer and for each question, in milliseconds. 30,000 if absent. */
  timeout?: number;
  signal?: AbortSignal;
  /** Where the environment has no `WebSocket`: Node.js 20. `connect` of `@noema/sdk/node` brings one. */
  websocketClass?: typeof WebSocket;
}

/** A transaction in a final block. */
export interface Finalized {
  readonly hash: string;
  readonly block: Block;
}

/** The same, with what it made happen. */
export interface Submitted extends Finalized {
  readonly events: readonly ChainEvent[];
}

/** An event as it comes from PAPI without descriptors: the pallet's name, and the event's with its fields. */
export interface ChainEvent {
  readonly type: string;
  readonly value: { readonly type: string; readonly value?: any };
}

/** About what block a question is, and until when it is of interest. */
export type Question = { signal?: AbortSignal | undefined; at?: string };

/** A finalised block, by its hash and number. */
export interface Block {
  readonly hash: string;
  readonly number: number;
}

const account = AccountId();

/** The 32 bytes of an account's address. */
export const accountBytes = (address: string): Uint8Array => account.enc(address);
/** The address of an account with the prefix of all Substrate chains. */
export const accountAddress = (bytes: Uint8Array): string => account.dec(bytes);

/** A connection to a node. */
export class Chain {
  readonly #client: PolkadotClient;
  readonly #isOwn: boolean;
  readonly #timeout: number;
  // PAPI knows the chain's calls at run time only.
  readonly #api: any;
  /** The transactions under way of each account: the next one needs the number after theirs. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Hash of the first block: which chain this is. */
  readonly genesis: Uint8Array;

  private constructor(client: PolkadotClient, isOwn: boolean, timeout: number, genesis: Uint8Array) {
    this.#client = client;
    this.#isOwn = isOwn;
    this.#timeout = timeout;
    this.#api = client.getUnsafeApi();
    this.genesis = genesis;
  }

  /** Connects to a node by its `ws://` or `wss://` address, or uses a client that is connected. */
  static async connect(node: string | PolkadotClient, options: ConnectOptions = {}): Promise<Chain> {
    const { timeout = 30_000, signal, websocketClass } = options;
    const isOwn = typeof node === 'string';
    const client = isOwn ? createClient(getWsProvider(node, websocketClass ? { websocketClass } : {})) : node;
    const where = isOwn ? node : 'the node';
    try {
      const late = () => new ChainError('chain', `${where} does not answer within ${timeout / 1000} s; is it running?`);
      const asked = Promise.all([client.getChainSpecData(), client.getFinalizedBlock()]);
      const [{ genesisHash, name }] = await within(asked, { signal, milliseconds: timeout, late });
      const genesis = fromHex(genesisHash, 32);
      if (!genesis) throw new ChainError('chain', `${where} gives no genesis hash but ${genesisHash}`);
      const chain = new Chain(client, isOwn, timeout, genesis);
      // Also reads the metadata, so that no later question has to.
      await chain.#ask('the limits of storage', () => chain.#api.constants.Storage.MaxReplicas(), { signal }).catch(
        (cause: unknown) => {
          signal?.throwIfAborted();
          throw new ChainError('other_chain', `${where} is of ${name}, which stores no files: ${String(cause)}`, { cause });
        },
      );
      return chain;
    } catch (error) {
      if (isOwn) client.destroy();
      throw error;
    }
  }

  /** Closes the connection, unless the client was given. */
  close(): void {
    if (this.#isOwn) this.#client.destroy();
  }

  /** Finalised blocks, the present one first. Close it in the end. */
  blocks(): Latest<Block> {
    return new Latest(this.#client.finalizedBlock$);
  }

  /** The deal of an owner over a file in finalised state. */
  deal(file: string, owner: string, question: Question = {}): Promise<Deal | undefined> {
    const { at } = question;
    const read = () => this.#api.query.Storage.Deals.getValue(`0x${file}`, owner, ...(at ? [{ at }] : []));
    return this.#ask('a deal', read, question);
  }

  /** All deals over a file. */
  async deals(file: string, question: Question = {}): Promise<Deal[]> {
    const read = () => this.#api.query.Storage.Deals.getEntries(`0x${file}`);
    const entries: { value: Deal }[] = await this.#ask('the deals over a file', read, question);
    return entries.map(({ value }) => value);
  }

  /** The sizes of the files with this root that somebody has a deal over. */
  async sizesOfRoot(root: string, question: Question = {}): Promise<number[]> {
    const read = () => this.#api.query.Storage.Commitments.getEntries(root);
    const entries: { keyArgs: [string, bigint]; value: { deals: number } }[] = await this.#ask(
      'the files of a root',
      read,
      question,
    );
    return entries.filter(({ value }) => value.deals > 0).map(({ keyArgs }) => Number(keyArgs[1]));
  }

  /** Where the daemons of providers answer, in the same order; those that are no longer registered are left out. */
  async peers(providers: readonly string[], question: Question = {}): Promise<Peer[]> {
    const keys = providers.map((provider) => [STORAGE, provider]);
    const read = () => this.#api.query.Providers.Providers.getValues(keys);
    const records: (ProviderRecord | undefined)[] = await this.#ask('the providers', read, question);
    return providers.flatMap((provider, i) => {
      const record = records[i];
      return record ? [{ provider, endpoint: new TextDecoder().decode(record.endpoint) }] : [];
    });
  }

  /** How many storage providers are active. */
  async activeProviders(question: Question = {}): Promise<number> {
    const read = () => this.#api.query.Providers.Providers.getEntries(STORAGE);
    const entries: { value: ProviderRecord }[] = await this.#ask('the providers', read, question);
    return entries.filter(({ value }) => value.state.type === 'Active').length;
  }

  /** The most replicas of a file and the most bytes of one. */
  async limits(question: Question = {}): Promise<{ replicas: number; size: number }> {
    const { MaxReplicas, MaxFileSize } = this.#api.constants.Storage;
    const read = () => Promise.all([MaxReplicas(), MaxFileSize()]);
    const [replicas, size] = await this.#ask<[number, bigint]>('the limits of storage', read, question);
    return { replicas, size: Number(size) };
  }

  /** Rounds for which a file is committed if nobody says otherwise: thirty times the least that the chain sells, a month of rounds of six hours. */
  async usualRounds(question: Question = {}): Promise<number> {
    const { MinRounds, MaxRounds, GraceRounds } = this.#api.constants.Storage;
    const read = () => Promise.all([MinRounds(), MaxRounds(), GraceRounds()]);
    const [least, most, grace] = await this.#ask<[number, number, number]>('the terms of storage', read, question);
    return Math.min(30 * least, most - grace);
  }

  /** What committing to a file costs now, deposit included, in units of 10^-18 NOEMA: the maximum to sign. */
  async price(size: number, replicas: number, rounds: number, question: Question = {}): Promise<bigint> {
    const read = () => this.#api.apis.LeasesApi.quote(BigInt(size), replicas, rounds);
    const quote = await this.#ask<{ success: boolean; value: { total: bigint } }>('the price of storage', read, question);
    if (!quote.success) throw new ChainError('chain', `the chain does not sell ${rounds} rounds of a file of ${size} bytes`);
    return quote.value.total;
  }

  /** What an account can spend: all but what is frozen beyond what is held, and the existential deposit. */
  async spendable(owner: string, question: Question = {}): Promise<bigint> {
    const read = () =>
      Promise.all([this.#api.query.System.Account.getValue(owner), this.#api.constants.Balances.ExistentialDeposit()]);
    const [{ data }, existential] = await this.#ask<[{ data: Record<'free' | 'reserved' | 'frozen', bigint> }, bigint]>(
      'an account',
      read,
      question,
    );
    const frozen = data.frozen - data.reserved;
    const mustStay = frozen > existential ? frozen : existential;
    return data.free > mustStay ? data.free - mustStay : 0n;
  }

  /** Commits to a file. Repeating it changes nothing. */
  async commit(
    { root, size, replicas, rounds, max }: { root: string; size: number; replicas: number; rounds: number; max: bigint },
    signer: PolkadotSigner,
    signal?: AbortSignal,
  ): Promise<Finalized> {
    const call = this.#api.tx.Storage.commit({ root, size: BigInt(size), replicas, rounds, max });
    return finalized(await this.#submit('commit to the file', call, signer, signal));
  }

  /**
   * Ends the deal of the signer over a file; what was paid for rounds to come and the deposit are returned. The chain charges for `replicas` in
   * advance and refuses fewer than there are.
   */
  async remove(file: string, replicas: number, signer: PolkadotSigner, signal?: AbortSignal): Promise<Finalized> {
    const call = this.#api.tx.Storage.remove({ file: `0x${file}`, replicas });
    return finalized(await this.#submit('remove the file', call, signer, signal));
  }

  /** Asks for something that this class has no method for; `what` names it in errors. */
  ask<T>(what: string, read: (api: any) => Promise<T>, question: Question = {}): Promise<T> {
    return this.#ask(what, () => read(this.#api), question);
  }

  /** Submits a call that this class has no method for; `what` says what it is to do. */
  submit(what: string, call: (api: any) => unknown, signer: PolkadotSigner, signal?: AbortSignal): Promise<Submitted> {
    return this.#submit(what, call(this.#api), signer, signal);
  }

  async #ask<T>(what: string, read: () => Promise<T>, { signal }: Question): Promise<T> {
    const milliseconds = this.#timeout;
    const late = () => new ChainError('chain', `the node does not say ${what} within ${milliseconds / 1000} s`);
    try {
      return await within(read(), { signal, milliseconds, late });
    } catch (cause) {
      if (signal?.aborted || cause instanceof NoemaError) throw cause;
      throw new ChainError('chain', `the node does not say ${what}: ${String(cause)}`, { cause });
    }
  }

  /** Signs, sends and waits until the transaction is final. One of an account after the other, until it is in a block. */
  async #submit(what: string, transaction: any, signer: PolkadotSigner, signal?: AbortSignal): Promise<Submitted> {
    const from = toHex(signer.publicKey);
    const before = this.#turns.get(from);
    let free: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (free = resolve));
    const mine = Promise.all([before, turn]);
    this.#turns.set(from, mine);
    try {
      await before;
      signal?.throwIfAborted();
      return await this.#watch(what, transaction, signer, signal, free);
    } finally {
      free();
      if (this.#turns.get(from) === mine) this.#turns.delete(from);
    }
  }

  async #watch(
    what: string,
    transaction: any,
    signer: PolkadotSigner,
    signal: AbortSignal | undefined,
    inBlock: () => void,
  ): Promise<Submitted> {
    let watching: { unsubscribe(): void } | undefined;
    const final = new Promise<Submitted>((resolve, reject) => {
      watching = transaction.signSubmitAndWatch(signer).subscribe({
        next: (event: any) => {
          if (event.type === 'txBestBlocksState' && event.found) inBlock();
          if (event.type !== 'finalized') return;
          const { hash, number } = event.block;
          if (event.ok) return resolve({ hash: event.txHash, block: { hash, number }, events: event.events });
          const reason = dispatchReason(event.dispatchError);
          reject(new TransactionError(reason, `the chain refused to ${what}: ${reason}`));
        },
        error: (cause: unknown) => {
          const reason = cause instanceof InvalidTxError ? JSON.stringify(cause.error) : String(cause);
          reject(new TransactionError(reason, `the transaction to ${what} was not taken: ${reason}`, { cause }));
        },
      });
    });
    const late = () =>
      new TransactionError('late', `the transaction to ${what} is not final within ${TRANSACTION_TIME / 60_000} minutes`);
    try {
      return await within(final, { signal, milliseconds: TRANSACTION_TIME, late });
    } finally {
      watching?.unsubscribe();
    }
  }
}

const finalized = ({ hash, block }: Submitted): Finalized => ({ hash, block });

/** `Storage.NotEnoughProviders` for the error of a pallet. */
function dispatchReason(error: { type: string; value?: { type?: string; value?: { type?: string } } }): string {
  const { type, value } = error;
  if (type === 'Module') return `${value?.type}.${value?.value?.type}`;
  return value?.type ? `${type}.${value.type}` : type;
}
