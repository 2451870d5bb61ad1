// What the chain says, as it comes from PAPI without descriptors.

/** What one replica slot of a deal is waiting for. */
export type SlotState =
  | { readonly type: 'Drawing'; readonly value: { readonly draw_at: number } }
  | { readonly type: 'Assigned'; readonly value: { readonly provider: string; readonly ready_by: bigint } }
  | { readonly type: 'Proving'; readonly value: { readonly provider: string; readonly prove_by: bigint } }
  | { readonly type: 'Held'; readonly value: { readonly provider: string; readonly since: number } };

/** One place for a replica. */
export interface Slot {
  readonly state: SlotState;
}

/** One owner's commitment to one file. */
export interface Deal {
  /** `0x` and 64 hex digits. */
  readonly root: string;
  readonly size: bigint;
  /** What is held on the owner's account, in units of 10^-18 NOEMA. */
  readonly deposit: bigint;
  readonly committed_at: number;
  /** How many replicas are proven. */
  readonly held: number;
  /** The places of the replicas; their number never changes. */
  readonly slots: readonly Slot[];
}

/** A registered storage provider. */
export interface ProviderRecord {
  readonly endpoint: Uint8Array;
  readonly state: { readonly type: string };
}

/** How many proven replicas make a file active. */
export const quorum = (replicas: number): number => Math.floor(replicas / 2) + 1;

/** Whether enough replicas are proven. */
export const isActive = (deal: Deal): boolean => deal.held >= quorum(deal.slots.length);

/** The provider that has a slot, if anybody has. */
export const providerOf = ({ state }: Slot): string | undefined =>
  state.type === 'Drawing' ? undefined : state.value.provider;

/** Every provider with a slot of these deals, once: those that proved their replica first, then those that say they have it. */
export function holders(deals: readonly Deal[]): string[] {
  const rank = { Held: 0, Proving: 1, Assigned: 2, Drawing: 3 };
  const slots = deals.flatMap(({ slots }) => slots).sort((a, b) => rank[a.state.type] - rank[b.state.type]);
  return [...new Set(slots.map(providerOf).filter((provider) => provider !== undefined))];
}

/** How far a deal is, by the states of its slots. */
export function describe(deal: Deal): string {
  const states = (['Drawing', 'Assigned', 'Proving', 'Held'] as const)
    .map((type) => ({ type, count: deal.slots.filter(({ state }) => state.type === type).length }))
    .filter(({ count }) => count > 0)
    .map(({ type, count }) => `${count} ${type.toLowerCase()}`);
  return `${deal.slots.length} replicas: ${states.join(', ')}`;
}
