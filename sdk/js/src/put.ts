// From bytes to proven replicas.
//
// Every step can be repeated: the deal is found if it is there, segments that a provider has are not sent again, and what is
// proven is not waited for. So a `put` that broke off is continued by another.

import type { PolkadotSigner } from 'polkadot-api';
import { toHex } from './bytes.js';
import { accountAddress, accountBytes, type Block, type Chain, type Finalized } from './chain/chain.js';
import { describe, isActive, providerOf, type Deal } from './chain/types.js';
import type { Commitment } from './commitment/builder.js';
import {
  NoemaError,
  ProviderError,
  PutError,
  SizeError,
  SourceError,
  TransactionError,
  UsageError,
  type Peer,
} from './errors.js';
import { fileStatus } from './provider/http.js';
import { upload, type UploadReport } from './provider/upload.js';
import { commitTo, known, type FileRoot, type KnownFile } from './root.js';
import { randomAccess, type RandomAccess, type Rereadable } from './source.js';
import { authorization } from './token.js';
import { pause, within } from './waiting.js';

const DEFAULT_REPLICAS = 3;
/** For how long an upload token is signed, in seconds: a token is for one provider and one file. */
const TOKEN_LIFE = 12 * 60 * 60;
/** How often all assigned providers are tried before the upload is given up. */
const ROUNDS = 3;
/** Pause between two such rounds, in milliseconds. */
const ROUND_PAUSE = 3_000;
const UNIT = 10n ** 18n;

/** How far a `put` is. */
export type PutProgress =
  | { readonly step: 'reading' | 'uploading'; readonly done: number; readonly total: number }
  | { readonly step: 'committing' }
  /** `detail` says how many replicas are in which state. */
  | { readonly step: 'waiting'; readonly detail: string };

/** How a file is put. */
export interface PutOptions {
  /** Signs the commitment and the upload tokens, and pays: a wallet's, or one of `signerFromUri`. It must be sr25519. */
  signer: PolkadotSigner;
  /** How many providers are to hold the file. 3 if absent, or as many as the file has that is put already. */
  replicas?: number;
  /** For how many rounds it is paid, without those of grace; thirty times the least that the chain sells, if absent. */
  rounds?: number;
  /**
   * When to return. `active` (if absent): a majority of the replicas is proven. `all`: all of them are. `uploaded`: one provider
   * has the data, from which the others fetch it.
   */
  until?: 'uploaded' | 'active' | 'all';
  /** Ends the call, which rejects with the signal's reason. What was done stays; put again to go on. */
  signal?: AbortSignal;
  onProgress?: (progress: PutProgress) => void;
  /** Segments under way at the same time; each takes 512 KiB of memory. 8 if absent. */
  concurrency?: number;
  /** How often one segment is tried before another provider is. 5 if absent. */
  attempts?: number;
  /** Limit for one request to a provider, in milliseconds. 60,000 if absent. */
  timeout?: number;
  /** How long the file may stay as it is on chain before the call fails, in milliseconds. 900,000 if absent. */
  stall?: number;
}

/** What a `put` did. */
export interface PutReport extends FileRoot {
  /** Address of the owner. */
  readonly owner: string;
  /** The replicas that were asked for, when the call returned: who has or is to have each, and whether it is proven. */
  readonly replicas: readonly { readonly provider: string | undefined; readonly state: string }[];
  /** The commitment that this call made; absent if the file was committed already. */
  readonly committed?: Finalized;
  /** The upload that this call made; absent if providers had the file. */
  readonly uploaded?: UploadReport & { readonly peer: Peer };
}

/** Commits to a source, uploads it and waits until it is stored. */
export async function put(chain: Chain, source: Rereadable, options: PutOptions): Promise<PutReport> {
  if (!options?.signer?.publicKey) throw new UsageError('expected a signer: a wallet\'s, or one of signerFromUri');
  const bytes = randomAccess(source);
  const { signal, onProgress } = options;
  const limits = await chain.limits({ signal });
  if (bytes.size > limits.size) throw new SizeError(bytes.size, limits.size);
  const { replicas = 1 } = options;
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > limits.replicas) {
    throw new UsageError(`expected from 1 to ${limits.replicas} replicas, found ${replicas}`);
  }
  const commitment = await commitTo(source, {
    ...(signal && { signal }),
    onProgress: (done) => onProgress?.({ step: 'reading', done, total: bytes.size }),
  });
  const journey = new Journey(chain, bytes, commitment, options);
  try {
    await journey.commit();
    return await journey.place();
  } catch (error) {
    throw await journey.giveUp(error);
  }
}

/** One file on its way. */
class Journey {
  readonly #chain: Chain;
  readonly #source: RandomAccess;
  readonly #commitment: Commitment;
  readonly #options: PutOptions;
  readonly #file: KnownFile;
  readonly #owner: string;
  /** How many a commitment of this call asks for. */
  readonly #replicas: number;
  #committed: Finalized | undefined;
  #uploaded: (UploadReport & { peer: Peer }) | undefined;
  /** What kept each provider from taking the file, the latest of each. */
  readonly #failures = new Map<string, NoemaError>();

  constructor(chain: Chain, source: RandomAccess, commitment: Commitment, options: PutOptions) {
    this.#chain = chain;
    this.#source = source;
    this.#commitment = commitment;
    this.#options = options;
    this.#file = known({ root: toHex(commitment.root), size: commitment.size });
    this.#owner = accountAddress(options.signer.publicKey);
    this.#replicas = options.replicas ?? DEFAULT_REPLICAS;
  }

  /** Finds the deal or makes it. */
  async commit(): Promise<void> {
    const { signal, signer, onProgress } = this.#options;
    const { root, size } = this.#file;
    if (await this.#findDeal()) return;
    onProgress?.({ step: 'committing' });
    const replicas = this.#replicas;
    await this.#checkProviders(replicas);
    const rounds = this.#options.rounds ?? (await this.#chain.usualRounds({ signal }));
    const max = await this.#chain.price(size, replicas, rounds, { signal });
    await this.#checkFunds(max);
    try {
      this.#committed = await this.#chain.commit({ root, size, replicas, rounds, max }, signer, signal);
    } catch (error) {
      // Another call may have made the deal meanwhile, or this one did and the answer was lost.
      if (error instanceof TransactionError && (await this.#findDeal())) return;
      throw error;
    }
  }

  /** Follows the deal, uploads when nobody has the data, returns when it is as far as asked for. */
  async place(): Promise<PutReport> {
    const blocks = this.#chain.blocks();
    const { signal, onProgress, stall = 15 * 60_000 } = this.#options;
    let seen = '';
    let changedAt = Date.now();
    let rounds = 0;
    try {
      for (;;) {
        const late = () => this.#stalled(seen, stall);
        const milliseconds = Math.max(0, changedAt + stall - Date.now());
        const block = await within(blocks.next(), { signal, milliseconds, late });
        const deal = await this.#dealAt(block);
        if (!deal) continue;
        const detail = describe(deal);
        if (detail !== seen) changedAt = Date.now();
        seen = detail;
        if (this.#isDone(deal)) return this.#report(deal);
        onProgress?.({ step: 'waiting', detail });
        if (this.#isPlaced(deal)) continue;
        const assigned = deal.slots.flatMap(({ state }) => (state.type === 'Assigned' ? [state.value.provider] : []));
        if (assigned.length === 0) continue;
        if (await this.#upload(assigned)) {
          rounds = 0;
        } else {
          rounds += 1;
          if (rounds >= ROUNDS) throw this.#nobodyTakesIt();
          await pause(ROUND_PAUSE, signal);
        }
        changedAt = Date.now();
      }
    } finally {
      blocks.close();
    }
  }

  /** A file that is no longer what this call committed to can never be stored: takes the commitment back. */
  async giveUp(error: unknown): Promise<unknown> {
    if (!this.#committed || !(error instanceof SourceError)) return error;
    try {
      const { signer, signal } = this.#options;
      await this.#chain.remove(this.#file.file, this.#replicas, signer, signal);
    } catch (cause) {
      const message = `${error.message}; the commitment to ${this.#file.file} stands, remove it: ${String(cause)}`;
      return new SourceError('source_changed', message, { cause });
    }
    const message = `${error.message}; the commitment was taken back and the deposit returned`;
    return new SourceError('source_changed', message, { cause: error });
  }

  async #findDeal(): Promise<boolean> {
    const { signal, replicas } = this.#options;
    const deal = await this.#chain.deal(this.#file.file, this.#owner, { signal });
    if (!deal) return false;
    if (replicas !== undefined && replicas !== deal.slots.length) {
      const message =
        `this file is put already with ${deal.slots.length} replicas, not ${replicas}: ` +
        'remove it first, or leave `replicas` out';
      throw new PutError('replicas_differ', message);
    }
    return true;
  }

  async #checkProviders(replicas: number): Promise<void> {
    const active = await this.#chain.activeProviders({ signal: this.#options.signal });
    if (active >= replicas) return;
    const message =
      `${replicas} replicas need as many storage providers, and ${active} are active; ` +
      'ask for fewer replicas or wait for more providers';
    throw new PutError('not_enough_providers', message);
  }

  async #checkFunds(price: bigint): Promise<void> {
    const { signal } = this.#options;
    const spendable = await this.#chain.spendable(this.#owner, { signal });
    if (spendable > price) return;
    const message =
      `${this.#owner} can spend ${amount(spendable)} NOEMA: expected more than ${amount(price)} NOEMA, ` +
      'the price of the rounds and the deposit; the fee comes on top';
    throw new PutError('not_enough_funds', message);
  }

  /** The deal at a block; `undefined` if it cannot be read there: the next block brings another chance. */
  async #dealAt({ hash, number }: Block): Promise<Deal | undefined> {
    if (number < (this.#committed?.block.number ?? 0)) return undefined;
    const { signal } = this.#options;
    let deal: Deal | undefined;
    try {
      deal = await this.#chain.deal(this.#file.file, this.#owner, { signal, at: hash });
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
    if (!deal) throw new PutError('deal_gone', `the deal over ${this.#file.file} is gone: somebody removed it`);
    return deal;
  }

  #isDone(deal: Deal): boolean {
    const { until = 'active' } = this.#options;
    if (until === 'all') return deal.held === deal.slots.length;
    return isActive(deal) || (until === 'uploaded' && this.#isPlaced(deal));
  }

  /** Whether somebody has the whole file, from whom the others fetch it. */
  #isPlaced(deal: Deal): boolean {
    const { provider } = this.#uploaded?.peer ?? {};
    return deal.slots.some(
      (slot) =>
        slot.state.type === 'Proving' ||
        slot.state.type === 'Held' ||
        (provider !== undefined && providerOf(slot) === provider),
    );
  }

  /** Uploads to the first of these providers that takes the file. `false` if none does. */
  async #upload(providers: readonly string[]): Promise<boolean> {
    const { signal, onProgress, concurrency = 8, attempts = 5, timeout = 60_000 } = this.#options;
    const limits = { concurrency, attempts, timeout, signal, waitForDeal: 60_000 };
    for (const peer of await this.#byProgress(await this.#chain.peers(providers, { signal }))) {
      try {
        const token = await this.#token(peer);
        const { source, commitment, file } = { source: this.#source, commitment: this.#commitment, file: this.#file };
        const load = { source, commitment, file, peer, authorization: token };
        const report = await upload(load, {
          ...limits,
          onProgress: ({ done, total }) => onProgress?.({ step: 'uploading', done, total }),
        });
        this.#failures.delete(peer.provider);
        this.#uploaded = { ...report, peer };
        return true;
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        this.#failures.set(peer.provider, error);
      }
    }
    return false;
  }

  /** Where an earlier upload broke off least is left to send; otherwise in the order of slots. */
  async #byProgress(peers: readonly Peer[]): Promise<Peer[]> {
    const { signal } = this.#options;
    const asked = peers.map(async (peer) => {
      const status = await fileStatus(peer, this.#file.file, { signal, timeout: 10_000 }).catch(() => undefined);
      return { peer, have: status?.have ?? 0 };
    });
    const answers = await Promise.all(asked);
    signal?.throwIfAborted();
    return answers.sort((a, b) => b.have - a.have).map(({ peer }) => peer);
  }

  #token({ provider }: Peer): Promise<string> {
    const { signer } = this.#options;
    const terms = {
      genesis: this.#chain.genesis,
      file: this.#commitment.file,
      owner: signer.publicKey,
      provider: accountBytes(provider),
      expires: Math.floor(Date.now() / 1000) + TOKEN_LIFE,
    };
    return authorization(terms, (message) => signer.signBytes(message));
  }

  #nobodyTakesIt(): PutError {
    const failures = [...this.#failures.values()];
    const reasons = failures.map(({ message }) => message).join('; ') || 'none is registered';
    const message = `no assigned provider took the file (${reasons}); the deal stands, put the file again to go on`;
    return new PutError('upload_failed', message, failures);
  }

  #stalled(seen: string, stall: number): PutError {
    const message =
      `nothing has changed for ${stall / 1000} s (${seen || 'the deal was not seen'}); ` +
      'the deal stands, put the file again to go on';
    return new PutError('stalled', message, [...this.#failures.values()]);
  }

  #report(deal: Deal): PutReport {
    const { root, size, file } = this.#file;
    return {
      file,
      root,
      size,
      owner: this.#owner,
      replicas: deal.slots.map((slot) => ({ provider: providerOf(slot), state: slot.state.type.toLowerCase() })),
      ...(this.#committed && { committed: this.#committed }),
      ...(this.#uploaded && { uploaded: this.#uploaded }),
    };
  }
}

/** An amount in NOEMA, exact. */
function amount(units: bigint): string {
  const fraction = (units % UNIT).toString().padStart(18, '0').replace(/0+$/, '');
  return `${units / UNIT}${fraction && `.${fraction}`}`;
}
