// A network: a chain that knows who stores what, and the providers that do.

import type { PolkadotClient, PolkadotSigner } from 'polkadot-api';
import { fromHex, toHex } from './bytes.js';
import { accountAddress, Chain, type ConnectOptions, type Finalized } from './chain/chain.js';
import { holders, type Deal } from './chain/types.js';
import { ChainError, NotFoundError, UsageError, type Peer } from './errors.js';
import { Buyer } from './compute/buyer.js';
import { channel, closeChannel, openChannel, services, termsOf } from './compute/market.js';
import type { Channel, ChannelOrder, OpenedChannel, Service, Wanted } from './compute/market.js';
import type { BuyerOptions } from './compute/terms.js';
import { Download, type DownloadOptions } from './provider/download.js';
import { put, type PutOptions, type PutReport } from './put.js';
import { known, type FileRoot, type KnownFile } from './root.js';
import type { Rereadable } from './source.js';

/** A file by its id, or by its root, with the size where files of several sizes have that root. */
export type FileName = string | { readonly root: string; readonly size?: number };

/** A file on chain, and who has it. */
export interface Located extends FileRoot {
  /** Those that proved their replica come first. */
  readonly peers: readonly Peer[];
}

/** How a buyer buys by way of a channel on this chain. */
export interface ChannelBuyerOptions extends BuyerOptions {
  /** Ticks for which a voucher can be redeemed: gateways refuse those that end soon. 14,400, four hours, if absent. */
  readonly voucherTicks?: bigint;
}

/** A network that files are put to and got from, and answers bought on. */
export class Noema {
  readonly #chain: Chain;

  private constructor(chain: Chain) {
    this.#chain = chain;
  }

  /**
   * Connects to the network of a node.
   *
   * @param node the `ws://` or `wss://` address of any node of the network, or a client of PAPI.
   * @throws {ChainError} if it does not answer or its chain is not of this kind.
   */
  static async connect(node: string | PolkadotClient, options?: ConnectOptions): Promise<Noema> {
    return new Noema(await Chain.connect(node, options));
  }

  /** Closes the connection. A client that was given stays open. */
  close(): void {
    this.#chain.close();
  }

  /**
   * Stores a file: commits to it, uploads it to a provider that the chain draws, and waits until enough providers have proved that
   * they hold it. Putting a file again continues what broke off, and does nothing if it is stored.
   *
   * @throws {PutError | TransactionError | SourceError | ChainError | SizeError | UsageError}
   */
  put(source: Rereadable, options: PutOptions): Promise<PutReport> {
    return put(this.#chain, source, options);
  }

  /**
   * Finds a file and who has it. The download that is returned fetches as it is read, and verifies every segment against the root
   * before it hands over its bytes.
   *
   * @throws {NotFoundError} if nobody has a deal over such a file, or no provider was drawn yet.
   */
  async get(file: FileName, options: DownloadOptions = {}): Promise<Download> {
    const { root, size, peers } = await this.locate(file, options.signal);
    return new Download({ root, size }, peers, options);
  }

  /** Finds a file in finalised state: root, size, and the providers that have it or are to have it. */
  async locate(name: FileName, signal?: AbortSignal): Promise<Located> {
    const { file, deals } = await this.#find(name, signal);
    const peers = await this.#chain.peers(holders(deals), { signal });
    return { file: file.file, root: file.root, size: file.size, peers };
  }

  /**
   * Ends the signer's deal over a file; the deposit is returned.
   *
   * @throws {NotFoundError} if the signer has no deal over it.
   */
  async remove(file: string, { signer, signal }: { signer: PolkadotSigner; signal?: AbortSignal }): Promise<Finalized> {
    const id = digits(file);
    const owner = accountAddress(signer.publicKey);
    const deal = await this.#chain.deal(id, owner, { signal });
    if (!deal) throw new NotFoundError('not_found', `${owner} has no deal over file ${id}`);
    return this.#chain.remove(id, deal.slots.length, signer, signal);
  }

  /** The services of active providers that fit. How their answers can be checked is in each; today all are `unverified`. */
  services(wanted: Wanted = {}, { signal }: { signal?: AbortSignal } = {}): Promise<Service[]> {
    return services(this.#chain, wanted, signal);
  }

  /** @throws {NotFoundError} if there is no such channel. */
  channel(number: number | bigint, { signal }: { signal?: AbortSignal } = {}): Promise<Channel> {
    return channel(this.#chain, BigInt(number), signal);
  }

  /** Opens a channel to a service: reserves money of the signer's, and lets a key sign vouchers of it. */
  openChannel(order: ChannelOrder, { signer, signal }: { signer: PolkadotSigner; signal?: AbortSignal }): Promise<OpenedChannel> {
    return openChannel(this.#chain, order, signer, signal);
  }

  /** Asks for the end of a channel of the signer's. */
  closeChannel(number: number | bigint, { signer, signal }: { signer: PolkadotSigner; signal?: AbortSignal }): Promise<Finalized> {
    return closeChannel(this.#chain, BigInt(number), signer, signal);
  }

  /**
   * Buys answers by way of a channel and the session of `key`.
   *
   * @throws {NotFoundError} if the channel has no session of the key.
   */
  buyer(number: number | bigint, { voucherTicks = 14_400n, ...options }: ChannelBuyerOptions): Promise<Buyer> {
    return Buyer.open(termsOf(this.#chain, BigInt(number), options.key, voucherTicks), options);
  }

  async #find(name: FileName, signal?: AbortSignal): Promise<{ file: KnownFile; deals: Deal[] }> {
    if (typeof name === 'string') {
      const deals = await this.#chain.deals(digits(name), { signal });
      if (deals.length > 0) return { file: fileOf(digits(name), deals), deals };
    }
    const { root, size = await this.#sizeOf(root, signal) } = typeof name === 'string' ? { root: name } : name;
    const { file } = known({ root, size });
    const deals = await this.#chain.deals(file, { signal });
    if (deals.length === 0) throw unknown(root, size);
    return { file: fileOf(file, deals), deals };
  }

  async #sizeOf(root: string, signal?: AbortSignal): Promise<number> {
    const sizes = await this.#chain.sizesOfRoot(`0x${digits(root)}`, { signal });
    const [size, ...others] = sizes;
    if (size === undefined) throw unknown(root);
    if (others.length > 0) {
      const message = `files of several sizes have this root (${sizes.join(', ')} bytes): say which with { root, size }`;
      throw new NotFoundError('ambiguous', message);
    }
    return size;
  }
}

/** The chain's own rule, checked so that what is downloaded is what was asked for. */
function fileOf(file: string, [deal]: readonly Deal[]): KnownFile {
  const found = deal && known({ root: deal.root, size: Number(deal.size) });
  if (found?.file !== file) {
    throw new ChainError('chain', `the node's deal over ${file} is of another file, ${found?.file}`);
  }
  return found;
}

function digits(id: string): string {
  const bytes = fromHex(id, 32);
  if (!bytes) throw new UsageError(`expected a file id or root of 64 hex digits, found ${JSON.stringify(id)}`);
  return toHex(bytes).slice(2);
}

function unknown(id: string, size?: number): NotFoundError {
  const bytes = size === undefined ? '' : ` and ${size} bytes`;
  return new NotFoundError('not_found', `nobody has a deal over a file with the id or root ${id}${bytes}`);
}
