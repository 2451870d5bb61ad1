// The calls about agents, built by a connected `@polkadot/api`: what comes out is signed and sent as any other call.

import type { ApiPromise } from '@polkadot/api';
import type { SubmittableExtrinsic } from '@polkadot/api/types';
import { toHex } from '../bytes.js';
import { UsageError } from '../errors.js';
import { ascii } from '../hash.js';
import type { Allowance, CallId, Commitment, Endpoint, EndpointKind, Integer, UsageScope } from './types.js';

/** A call that can be signed and sent. */
export type Call = SubmittableExtrinsic<'promise'>;

/** A call that is made in an agent's name: one that this library or the client built, or its encoding as hex. */
export type InnerCall = Call | string;

/** A key that is to act. */
export interface SessionOrder {
  readonly agent: Integer;
  /** Address of the key. */
  readonly key: string;
  /** The calls that it may make, as `Compute.open`, or by their numbers. What is not named, it may not. */
  readonly calls: readonly (string | CallId)[];
  /** The most that it spends in all, and at once: `total` if absent. */
  readonly total: bigint;
  readonly perUse?: bigint;
  /** The most per period: `total` in 86,400 ticks, a day, if absent. */
  readonly allowance?: Allowance;
  /** The first tick at which it may do nothing; never if absent. */
  readonly expires?: Integer;
}

/** What is thought of an agent. */
export interface Opinion {
  readonly agent: Integer;
  /** What of what was paid is consumed: so much the rating weighs. */
  readonly amount: bigint;
  /** 0 to 10,000: hundredths of a hundred. */
  readonly value: number;
  /** What about; at most two. */
  readonly tags?: readonly string[];
  /** To whom it was paid; where the agent is paid now, if absent. */
  readonly wallet?: string | null;
}

const KINDS: Record<EndpointKind, string> = { a2a: 'A2a', mcp: 'Mcp', openai: 'OpenAi', web: 'Web' };
const NEVER = (1n << 64n) - 1n;
const MAX_RATING = 10_000;

/** Text as the client takes bytes: by its digits, since it reads text that looks like digits as such. */
const bytes = (text: string): string => toHex(ascii(text));

// The client keeps the names of its own methods, `hash` for one.
const committed = ({ hash, file = null, holders = [] }: Commitment) => ({ hash_: hash, file, holders });

function scoped(scope: UsageScope): Record<string, unknown> {
  if (scope === 'all') return { All: null };
  return 'data' in scope ? { Data: scope.data } : { Service: KINDS[scope.service] };
}

function tagged(tags: readonly string[]): Record<string, unknown> {
  const [first, second, ...more] = tags.map(bytes);
  if (more.length > 0) throw new UsageError(`tags: expected at most two, found ${tags.length}`);
  if (first === undefined) return { None: null };
  return second === undefined ? { One: first } : { Two: [first, second] };
}

/** The numbers of a call by its name. */
function callId(api: ApiPromise, name: string | CallId): CallId {
  if (typeof name !== 'string') return name;
  const [pallet = '', call = '', ...more] = name.split('.');
  const camel = (text: string) => text.charAt(0).toLowerCase() + text.slice(1).replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const found = more.length === 0 ? api.tx[camel(pallet)]?.[camel(call)] : undefined;
  const [palletIndex, callIndex] = found?.callIndex ?? [];
  if (palletIndex === undefined || callIndex === undefined) {
    throw new UsageError(`this chain has no call ${name}: expected the pallet, a dot and the call, such as Compute.open`);
  }
  return { pallet: palletIndex, call: callIndex };
}

/** Builders of the calls, by the names that the client gives them. Who may make which: `pallets/agents`. */
export function agentCalls(api: ApiPromise) {
  const tx = api.tx['agents'];
  if (!tx) throw new UsageError('the chain of this client has no agents: expected a pallet of that name');
  const call = (name: string, ...given: readonly unknown[]): Call => {
    const build = tx[name];
    if (!build) throw new UsageError(`the agents of this chain have no call ${name}`);
    return build(...given) as unknown as Call;
  };
  const inner = (given: InnerCall): unknown => (typeof given === 'string' ? api.createType('Call', hexOf(given)) : given);
  return {
    /** Registers an agent of the signer's. */
    register: ({ file = null, endpoints = [] }: { file?: string | null; endpoints?: readonly Endpoint[] } = {}): Call =>
      call('register', file, endpoints.map(({ kind, url }) => ({ kind: KINDS[kind], url: bytes(url) }))),
    /** Says where the agent answers; all endpoints at once. */
    setEndpoints: ({ agent, endpoints }: { agent: Integer; endpoints: readonly Endpoint[] }): Call =>
      call('setEndpoints', agent, endpoints.map(({ kind, url }) => ({ kind: KINDS[kind], url: bytes(url) }))),
    /** Sets an entry of metadata, or removes it. */
    setMetadata: ({ agent, key, value = null }: { agent: Integer; key: string; value?: string | null }): Call =>
      call('setMetadata', agent, bytes(key), value === null ? null : bytes(value)),
    /** Binds a wallet, by what `signWallet` gives. */
    bindWallet: ({ agent, wallet, deadline, signature }: { agent: Integer; wallet: string; deadline: Integer; signature: Uint8Array }): Call =>
      call('bindWallet', agent, wallet, deadline, signature),
    /** Ends the binding of the wallet. */
    unbindWallet: ({ agent }: { agent: Integer }): Call => call('unbindWallet', agent),
    /** Commits to an encrypted file. */
    commitData: ({ agent, description, commitment }: { agent: Integer; description: string; commitment: Commitment }): Call =>
      call('commitData', agent, bytes(description), committed(commitment)),
    /** Replaces a commitment, with all its sealed keys. */
    updateData: ({ agent, index, commitment }: { agent: Integer; index: number; commitment: Commitment }): Call =>
      call('updateData', agent, index, committed(commitment)),
    /** Removes an entry of data. */
    dropData: ({ agent, index }: { agent: Integer; index: number }): Call => call('dropData', agent, index),
    /** Commits to what takes the place of an entry of data when the agent is transferred to the signer. */
    stageData: ({ agent, index, commitment }: { agent: Integer; index: number; commitment: Commitment }): Call =>
      call('stageData', agent, index, committed(commitment)),
    /** Lets a user ask for something, so often, until a tick. */
    authorizeUsage: ({ agent, user, scope, expires, count }: { agent: Integer; user: string; scope: UsageScope; expires: Integer; count: number }): Call =>
      call('authorizeUsage', agent, user, scoped(scope), expires, count),
    /** Ends that. */
    revokeUsage: ({ agent, user }: { agent: Integer; user: string }): Call => call('revokeUsage', agent, user),
    /** Uses up one of the signer's times, for the request with this hash. */
    exercise: ({ agent, wanted, request }: { agent: Integer; wanted: UsageScope; request: string }): Call =>
      call('exercise', agent, scoped(wanted), request),
    /** Lets a key act for the agent. */
    grantSession({ agent, key, calls, total, perUse = total, allowance = { period: 86_400n, most: total }, expires = NEVER }: SessionOrder): Call {
      if (perUse > total) throw new UsageError(`one use may cost ${perUse}, all together ${total}: let the first be at most the second`);
      const scope = { calls: calls.map((name) => callId(api, name)) };
      return call('grantSession', agent, { key, scope, limits: { perUse, total }, expires }, allowance);
    },
    /** Ends a session, at once. */
    revokeSession: ({ agent, session }: { agent: Integer; session: number }): Call => call('revokeSession', agent, session),
    /** Makes a call in the agent's name, within the limits of the signer's session. */
    act: ({ agent, call: made }: { agent: Integer; call: InnerCall }): Call => call('act', agent, inner(made)),
    /** Makes a call in the agent's name that the key of a session signed, by what `signAct` gives. Anybody may bring it. */
    actSigned: (act: { agent: Integer; session: number; nonce: Integer; expires: Integer; call: InnerCall; signature: Uint8Array }): Call =>
      call('actSigned', act.agent, act.session, act.nonce, act.expires, inner(act.call), act.signature),
    /** Makes a call in the agent's name for its owner. */
    actByOwner: ({ agent, call: made }: { agent: Integer; call: InnerCall }): Call => call('actByOwner', agent, inner(made)),
    /** Lets an account stage data, so that the agent can be transferred to it; nobody any more, without one. */
    offer: ({ agent, to = null }: { agent: Integer; to?: string | null }): Call => call('offer', agent, to),
    /** Gives the agent to another owner. Its sessions, usages, scheduled acts and wallet end. */
    transfer: ({ agent, to }: { agent: Integer; to: string }): Call => call('transfer', agent, to),
    /** Takes free money out of the agent's account. */
    withdraw: ({ agent, amount }: { agent: Integer; amount: bigint }): Call => call('withdraw', agent, amount),
    /** Ends the agent. */
    burn: ({ agent }: { agent: Integer }): Call => call('burn', agent),
    /** Lets the agent be rated under a tag, which stays as long as the agent. */
    addTag: ({ agent, tag }: { agent: Integer; tag: string }): Call => call('addTag', agent, bytes(tag)),
    /** Rates an agent. */
    feedback({ agent, amount, value, tags = [], wallet = null }: Opinion): Call {
      if (!Number.isInteger(value) || value < 0 || value > MAX_RATING) {
        throw new UsageError(`value: expected a whole number from 0 to ${MAX_RATING}, hundredths of a hundred, found ${value}`);
      }
      return call('feedback', agent, amount, { value, tags: tagged(tags), content: null }, wallet);
    },
    /** Takes a rating of the signer's back. */
    revokeFeedback: ({ agent, feedback }: { agent: Integer; feedback: Integer }): Call => call('revokeFeedback', agent, feedback),
  };
}

const hexOf = (text: string): string => (text.startsWith('0x') ? text : `0x${text}`);
