// The compute market as the chain tells it: services, channels, and what a buyer must know of both.

import type { PolkadotSigner } from 'polkadot-api';
import { toHex } from '../bytes.js';
import { accountAddress, type Chain, type Finalized } from '../chain/chain.js';
import { ChainError, NotFoundError, UsageError } from '../errors.js';
import type { Key } from '../signer.js';
import { isAtMost } from './price.js';
import type { Terms } from './terms.js';
import { verificationLabel, type Price } from './types.js';

/** What a service does. */
export type ServiceKind = 'chat' | 'embedding' | 'image' | 'speech' | 'job';

/** A service that somebody sells. */
export interface Service {
  readonly service: bigint;
  /** SS58 address of the bonded account. */
  readonly provider: string;
  /** Whether the provider takes new work. */
  readonly active: boolean;
  /** Address of the key that signs the receipts of channels that are opened now. */
  readonly key: string;
  readonly kind: ServiceKind;
  readonly model: string;
  /** Where the gateway answers. */
  readonly endpoint: string;
  /** The price in force. */
  readonly price: Price;
  /** How answers can be checked, in words to show beside the service: `unverified`. */
  readonly verification: string;
  /** Requests that are answered in parallel. */
  readonly capacity: number;
}

/** What is looked for; what is absent does not matter. */
export interface Wanted {
  readonly kind?: ServiceKind;
  readonly model?: string;
  /** At most at this price, in every part of it, now. */
  readonly atMost?: Price;
}

/** A session of a channel. */
export interface ChannelSession {
  readonly session: number;
  /** Address of the key that signs vouchers. */
  readonly key: string;
  readonly perUse: bigint;
  readonly total: bigint;
  readonly spent: bigint;
  /** The first tick at which nothing signed by it can be redeemed. */
  readonly ends: bigint;
  readonly revoked: boolean;
  /** Its lanes are 0 to this number, without it. */
  readonly lanes: number;
  /** Those from which something was redeemed. */
  readonly redeemed: readonly number[];
}

/** A channel as it stands in finalised state. */
export interface Channel {
  readonly channel: bigint;
  readonly payer: string;
  readonly provider: string;
  readonly service: bigint;
  /** Address of the key that signs its receipts. */
  readonly key: string;
  /** What can still be redeemed, in the smallest unit. */
  readonly left: bigint;
  readonly redeemed: bigint;
  readonly state: 'open' | 'closing' | 'settled';
  readonly sessions: readonly ChannelSession[];
}

/** A channel that is to be opened, and the key that may sign vouchers of it. */
export interface ChannelOrder {
  readonly service: number | bigint;
  /** What is reserved, in the smallest unit. */
  readonly cap: bigint;
  /** Requests at the same time, 1 if absent. */
  readonly lanes?: number;
  /** The key, or the address of one. */
  readonly key: Key | string;
  /** The most that one request may cost, and all together; the cap if absent. */
  readonly perUse?: bigint;
  readonly total?: bigint;
  /** The first tick at which the key may sign nothing any more; never if absent. */
  readonly expires?: bigint;
}

/** What was opened. */
export interface OpenedChannel extends Finalized {
  readonly channel: bigint;
  readonly session: number;
}

/** Entries of a page; no page has more. */
const PAGE = 100;
const NEVER = (1n << 64n) - 1n;
const KINDS: Record<string, ServiceKind> = { Chat: 'chat', Embedding: 'embedding', Image: 'image', Speech: 'speech', Job: 'job' };

type Bytes = Uint8Array;
type PapiPrice = { type: 'Tokens'; value: { input: bigint; cached: bigint; output: bigint } } | { type: 'Units'; value: { unit: bigint } };
interface PapiService {
  service: bigint;
  provider: string;
  active: boolean;
  key: string;
  descriptor: { kind: { type: string }; model: Bytes; endpoint: Bytes; price: PapiPrice; verification: { type: string }; capacity: number };
}
interface PapiSession {
  session: number;
  key: string;
  limits: { per_use: bigint; total: bigint };
  spent: bigint;
  ends: bigint;
  revoked: boolean;
  lanes: number;
  redeemed: { lane: number }[];
}
interface PapiChannel extends Pick<Channel, 'payer' | 'provider' | 'service' | 'key' | 'left' | 'redeemed'> {
  state: { type: 'Open' | 'Closing' | 'Settled' };
  sessions: PapiSession[];
}

const text = (bytes: Bytes): string => new TextDecoder().decode(bytes);
const priceOf = ({ type, value }: PapiPrice): Price =>
  type === 'Units' ? { per: 'units', unit: value.unit } : { per: 'tokens', ...value };

function serviceOf({ descriptor, ...rest }: PapiService): Service {
  const { service, provider, active, key } = rest;
  const { kind, model, endpoint, price, verification, capacity } = descriptor;
  return {
    service,
    provider,
    active,
    key,
    kind: KINDS[kind.type] ?? 'job',
    model: text(model),
    endpoint: text(endpoint),
    price: priceOf(price),
    verification: verificationLabel(verification.type),
    capacity,
  };
}

/** Services of active providers that fit. */
export async function services(chain: Chain, wanted: Wanted, signal?: AbortSignal): Promise<Service[]> {
  const kind = Object.entries(KINDS).find(([, name]) => name === wanted.kind)?.[0];
  const browse = {
    kind: kind && { type: kind, value: undefined },
    model: wanted.model === undefined ? undefined : new TextEncoder().encode(wanted.model),
    at_most: undefined,
    mode: undefined,
  };
  const found: Service[] = [];
  let after: bigint | undefined;
  do {
    const page = await chain.ask<{ items: PapiService[]; next?: bigint }>(
      'the services',
      (api) => api.apis.ComputeApi.browse(browse, after, PAGE),
      { signal },
    );
    found.push(...page.items.map(serviceOf));
    after = page.next;
  } while (after !== undefined);
  const { atMost } = wanted;
  return atMost ? found.filter(({ price }) => isAtMost(price, atMost)) : found;
}

/** A service with the price in force. */
async function service(chain: Chain, number: bigint, signal?: AbortSignal): Promise<Service> {
  const found = await chain.ask<PapiService | undefined>('a service', (api) => api.apis.ComputeApi.service(number), { signal });
  if (!found) throw new NotFoundError('not_found', `there is no service ${number}: it was retired, or never was`);
  return serviceOf(found);
}

/** How a channel stands. */
export async function channel(chain: Chain, number: bigint, signal?: AbortSignal): Promise<Channel> {
  const found = await chain.ask<PapiChannel | undefined>('a channel', (api) => api.apis.ComputeApi.channel(number), { signal });
  if (!found) throw new NotFoundError('not_found', `there is no channel ${number}`);
  const { state, sessions, ...rest } = found;
  return {
    ...rest,
    channel: number,
    state: state.type.toLowerCase() as Channel['state'],
    sessions: sessions.map(({ limits, redeemed, ...session }) => ({
      ...session,
      perUse: limits.per_use,
      total: limits.total,
      redeemed: redeemed.map(({ lane }) => lane),
    })),
  };
}

/** The arguments of the call that opens a channel, as PAPI takes them. */
export function openArguments(order: ChannelOrder) {
  const { cap, lanes = 1, key, perUse = cap, total = cap, expires = NEVER } = order;
  if (perUse > total) throw new UsageError(`one request may cost ${perUse}, all together ${total}: let the first be at most the second`);
  const grant = {
    key: typeof key === 'string' ? key : accountAddress(key.publicKey),
    scope: undefined,
    limits: { per_use: perUse, total },
    expires,
  };
  return { service: BigInt(order.service), cap, lanes, grant };
}

/** Opens a channel, and lets a key sign vouchers of it. */
export async function openChannel(chain: Chain, order: ChannelOrder, signer: PolkadotSigner, signal?: AbortSignal): Promise<OpenedChannel> {
  const given = openArguments(order);
  const call = (api: any) => api.tx.Compute.open(given);
  const { events, hash, block } = await chain.submit('open the channel', call, signer, signal);
  const told = (name: string) => events.find(({ type, value }) => type === 'Compute' && value.type === name)?.value.value;
  const [opened, granted] = [told('ChannelOpened'), told('SessionGranted')];
  if (!opened || !granted) throw new ChainError('chain', 'the chain does not say which numbers it gave to the channel and its session');
  return { hash, block, channel: opened.channel, session: granted.session };
}

/** Asks for the end of a channel of the signer's: the provider can redeem what it is owed until the lock is over, then anybody can settle it. */
export async function closeChannel(chain: Chain, number: bigint, signer: PolkadotSigner, signal?: AbortSignal): Promise<Finalized> {
  const call = (api: any) => api.tx.Compute.close({ channel: number });
  const { hash, block } = await chain.submit('close the channel', call, signer, signal);
  return { hash, block };
}

/** What a buyer must know, anew each time: the price changes, sessions end. */
export function termsOf(chain: Chain, number: bigint, key: Key, voucherTicks: bigint): (signal?: AbortSignal) => Promise<Terms> {
  const signing = accountAddress(key.publicKey);
  // The one that was found first: another would have other lanes.
  let chosen: number | undefined;
  return async (signal) => {
    const found = await channel(chain, number, signal);
    const [offered, clock] = await Promise.all([
      service(chain, found.service, signal),
      chain.ask<{ tick: bigint } | undefined>('the clock', (api) => api.query.Audits.Clock.getValue(), { signal }),
    ]);
    const now = clock?.tick ?? 0n;
    // The newest first: a key can be granted again.
    const session = found.sessions.findLast(
      (one) => one.key === signing && !one.revoked && one.ends > now && one.session === (chosen ?? one.session),
    );
    if (!session) throw new NotFoundError('not_found', `channel ${number} has no session of the key ${signing}: its payer grants one`);
    chosen = session.session;
    const ends = now + voucherTicks;
    return {
      genesis: toHex(chain.genesis),
      channel: number,
      session: session.session,
      lanes: session.lanes,
      redeemed: session.redeemed,
      perUse: session.perUse,
      state: found.state,
      service: found.service,
      serviceKey: found.key,
      model: offered.model,
      price: offered.price,
      peer: { provider: found.provider, endpoint: offered.endpoint },
      verification: offered.verification,
      expires: ends < session.ends ? ends : session.ends,
    };
  };
}
