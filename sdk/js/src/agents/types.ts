// Agents, in plain values: accounts are SS58 addresses, hashes and bytes hex text with `0x`, numbers of 64 bits and amounts bigints, amounts in the smallest
// unit.

/** Number of an agent, of a feedback, or a tick. */
export type Integer = number | bigint;

/** What is spoken at an endpoint. */
export type EndpointKind = 'a2a' | 'mcp' | 'openai' | 'web';

/** Where an agent answers: `https`, or plain `http` to a loopback host. One of each kind. */
export interface Endpoint {
  readonly kind: EndpointKind;
  readonly url: string;
}

/** A commitment to an encrypted file, with its key sealed for each holder. */
export interface Commitment {
  /** BLAKE2b-256 of the encrypted data. */
  readonly hash: string;
  /** Its file id, if it is in storage. */
  readonly file?: string | null;
  readonly holders?: readonly { readonly holder: string; readonly key: string }[];
}

/** What a user may ask of an agent. */
export type UsageScope = 'all' | { readonly data: number } | { readonly service: EndpointKind };

/** The most that a key may spend. */
export interface Limits {
  /** At once. */
  readonly perUse: bigint;
  /** In all. */
  readonly total: bigint;
}

/** The most that it may spend in a period of so many ticks. */
export interface Allowance {
  readonly period: bigint;
  readonly most: bigint;
}

/** A call by the two numbers with which its encoding begins. */
export interface CallId {
  readonly pallet: number;
  readonly call: number;
}

/** An agent. */
export interface Agent {
  readonly agent: bigint;
  readonly owner: string;
  /** From where it acts and pays; nobody has a key of it. */
  readonly account: string;
  /** Where it is paid, if a wallet bound itself. */
  readonly wallet: string | undefined;
  /** Where it was paid before, and can still be rated for. */
  readonly former: readonly { readonly wallet: string; readonly ended: bigint; readonly tenure: number }[];
  /** The nonce that the next binding of a wallet signs. */
  readonly bindings: bigint;
  /** Who may stage data, to become the owner. */
  readonly offered: string | undefined;
  /** Its registration file. */
  readonly file: string | undefined;
  readonly endpoints: readonly Endpoint[];
  /** How often it has changed hands. */
  readonly tenure: number;
}

/** An entry of data. */
export interface AgentData {
  readonly index: number;
  readonly description: string;
  readonly commitment: Required<Commitment>;
  readonly version: number;
  /** Who has staged what takes its place with a transfer, and its hash. */
  readonly staged: { readonly by: string; readonly hash: string } | undefined;
}

/** What a user may ask for. */
export interface AgentUsage {
  readonly user: string;
  readonly scope: UsageScope;
  /** The first tick at which it may not any more. */
  readonly expires: bigint;
  readonly left: number;
  readonly used: number;
  /** Hash of what it asked last. */
  readonly request: string;
}

/** A key that acts. */
export interface AgentSession {
  readonly session: number;
  readonly key: string;
  readonly calls: readonly CallId[];
  readonly limits: Limits;
  readonly allowance: Allowance;
  readonly spent: bigint;
  readonly leftInPeriod: bigint;
  /** The nonce of the next act that it signs. */
  readonly nonce: bigint;
  readonly expires: bigint;
}

/** What ratings come to. */
export interface Mean {
  readonly count: bigint;
  /** What was consumed for them together. */
  readonly weight: bigint;
  /** 0 to 10,000: hundredths of a hundred. `undefined` of no weight. */
  readonly value: number | undefined;
}

/** Ratings of all time, under the present owner, and of this period and the one before. */
export interface Summary {
  readonly all: Mean;
  readonly inTenure: Mean;
  readonly recent: Mean;
}
