// What the runtime answers about agents, in plain values.

import type { ApiPromise } from '@polkadot/api';
import { toHex } from '../bytes.js';
import { ascii } from '../hash.js';
import { UsageError } from '../errors.js';
import type { Agent, AgentData, AgentSession, AgentUsage, EndpointKind, Integer, Mean, Summary, UsageScope } from './types.js';

/** Entries of a page; no page has more. */
const PAGE = 100;

// The client knows the chain's types at run time only; every one of them is one of these.
interface Codec {
  readonly [field: string]: any;
  toString(): string;
  toHex(): string;
}

const big = (value: Codec): bigint => value['toBigInt']();
const number = (value: Codec): number => value['toNumber']();
const text = (value: Codec): string => value['toUtf8']();
const maybe = <T>(value: Codec, read: (value: Codec) => T): T | undefined => (value['isSome'] ? read(value['unwrap']()) : undefined);
const list = <T>(value: Codec, read: (value: Codec) => T): T[] => (value as unknown as Codec[]).map(read);
const address = (value: Codec): string => value.toString();
const hex = (value: Codec): string => value.toHex();
const kind = (value: Codec): EndpointKind => value['type'].toLowerCase() as EndpointKind;

const scope = (value: Codec): UsageScope => {
  if (value['isData']) return { data: number(value['asData']) };
  return value['isService'] ? { service: kind(value['asService']) } : 'all';
};

const mean = (value: Codec): Mean => ({
  count: big(value['count']),
  weight: big(value['weight']),
  value: maybe(value['value'], number),
});

const agentOf = (agent: bigint, value: Codec): Agent => ({
  agent,
  owner: address(value['owner']),
  account: address(value['account']),
  wallet: maybe(value['wallet'], address),
  former: list(value['former'], (one) => ({ wallet: address(one['wallet']), ended: big(one['ended']), tenure: number(one['tenure']) })),
  bindings: big(value['bindings']),
  offered: maybe(value['offered'], address),
  file: maybe(value['file'], hex),
  endpoints: list(value['endpoints'], (one) => ({ kind: kind(one['kind']), url: text(one['url']) })),
  tenure: number(value['tenure']),
});

const dataOf = (value: Codec): AgentData => {
  const { commitment } = value;
  return {
    index: number(value['index']),
    description: text(value['description']),
    commitment: {
      hash: hex(commitment['hash_']),
      file: maybe(commitment['file'], hex) ?? null,
      holders: list(commitment['holders'], (one) => ({ holder: address(one['holder']), key: hex(one['key']) })),
    },
    version: number(value['version']),
    staged: maybe(value['staged'], (one) => ({ by: address(one[0]), hash: hex(one[1]) })),
  };
};

const usageOf = (value: Codec): AgentUsage => ({
  user: address(value['user']),
  scope: scope(value['scope']),
  expires: big(value['expires']),
  left: number(value['left']),
  used: number(value['used']),
  request: hex(value['request']),
});

const sessionOf = (value: Codec): AgentSession => ({
  session: number(value['session']),
  key: address(value['key']),
  calls: list(value['calls'], (one) => ({ pallet: number(one['pallet']), call: number(one['call']) })),
  limits: { perUse: big(value['limits'].perUse), total: big(value['limits'].total) },
  allowance: { period: big(value['allowance'].period), most: big(value['allowance'].most) },
  spent: big(value['spent']),
  leftInPeriod: big(value['leftInPeriod']),
  nonce: big(value['nonce']),
  expires: big(value['expires']),
});

/** Questions about agents, answered at the best block, or by `await api.at(hash)` at another. */
export function agentReads(api: { readonly call: ApiPromise['call'] }) {
  const ask = async (name: string, ...given: readonly unknown[]): Promise<Codec> => {
    const asked = api.call['agentsApi']?.[name];
    if (!asked) throw new UsageError(`the runtime of this client has no AgentsApi.${name}: expected a chain with agents, and metadata of version 15 or later`);
    return (await asked(...given)) as unknown as Codec;
  };
  return {
    /** Who it is and whose; `undefined` when there is none. */
    agent: async (agent: Integer): Promise<Agent | undefined> => maybe(await ask('agent', agent), (value) => agentOf(BigInt(agent), value)),
    /** The numbers of an owner's agents. */
    async agentsOf(owner: string): Promise<bigint[]> {
      const found: bigint[] = [];
      let after: bigint | undefined;
      do {
        const page: Codec = await ask('agentsOf', owner, after ?? null, PAGE);
        // In this client a struct is a map, whose own methods keep their names.
        found.push(...list(page['entries_'], big));
        after = maybe(page['next'], big);
      } while (after !== undefined);
      return found;
    },
    /** What it has committed to. */
    data: async (agent: Integer): Promise<AgentData[]> => list(await ask('intelligentDataOf', agent), dataOf),
    /** Who may ask what of it. */
    usages: async (agent: Integer): Promise<AgentUsage[]> => list(await ask('authorizedUsersOf', agent), usageOf),
    /** The keys that act for it. */
    sessions: async (agent: Integer): Promise<AgentSession[]> => list(await ask('sessions', agent), sessionOf),
    /** What its ratings come to, of all or those with a tag; `undefined` when there is no such agent or tag. */
    summary: async (agent: Integer, tag?: string): Promise<Summary | undefined> =>
      maybe(await ask('summary', agent, tag === undefined ? null : toHex(ascii(tag))), (value) => ({
        all: mean(value['all']),
        inTenure: mean(value['inTenure']),
        recent: mean(value['recent']),
      })),
    /** The most that an account can rate it with; `undefined` when it is not paid there. */
    unconsumed: async (payer: string, agent: Integer, wallet?: string): Promise<bigint | undefined> =>
      maybe(await ask('unconsumed', payer, agent, wallet ?? null), big),
  };
}
