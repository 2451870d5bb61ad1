// The lanes of a session: each is one request at a time, and what happens to it is stored before anything follows from it.

import { LaneError } from './errors.js';
import { FRESH, isFree, laneFromText, laneToText, stop, type LaneState } from './lane.js';
import type { LaneStorage } from './storage.js';

/** A lane, and who has it. */
export class Lane {
  isTaken = false;
  /** Why its receipt did not come when it was asked for last. */
  failure: unknown;

  constructor(
    readonly number: number,
    readonly key: string,
    public state: LaneState,
  ) {}
}

/** All lanes of a session. */
export class LanePool {
  readonly lanes: readonly Lane[];
  readonly #storage: LaneStorage;
  readonly #waiting: (() => void)[] = [];

  private constructor(storage: LaneStorage, lanes: Lane[]) {
    this.#storage = storage;
    this.lanes = lanes;
  }

  /**
   * Reads what the storage has of a session's lanes. One that it has nothing of, and from which the chain has `redeemed`, was forgotten: its number and its
   * sum are not known any more, and nothing is sent on it.
   */
  static async open(storage: LaneStorage, session: string, count: number, redeemed: readonly number[]): Promise<LanePool> {
    const lanes = Array.from({ length: count }, async (_, number) => {
      const key = `${session}/${number}`;
      const text = await storage.get(key);
      if (text !== undefined) return new Lane(number, key, laneFromText(text));
      const forgotten = 'the provider has redeemed from it, and the storage has nothing of it';
      return new Lane(number, key, redeemed.includes(number) ? stop(FRESH, forgotten) : FRESH);
    });
    return new LanePool(storage, await Promise.all(lanes));
  }

  /**
   * Takes a lane on which a voucher can be signed, or waits for one. Free ones come first; then those whose receipt can be had now, by `resolve`.
   *
   * @throws {LaneError} when there is none and none is taken.
   */
  async take(resolve: (lane: Lane) => Promise<void>, signal?: AbortSignal): Promise<Lane> {
    const tried = new Set<Lane>();
    for (;;) {
      signal?.throwIfAborted();
      const idle = this.lanes.filter(({ isTaken }) => !isTaken);
      const free = idle.find(({ state }) => isFree(state));
      const lane = free ?? idle.find((one) => one.state.pending && !one.state.stopped && !tried.has(one));
      if (!lane) {
        if (idle.length === this.lanes.length) throw new LaneError('no_lane', this.#whyNone());
        await this.#given(signal);
        continue;
      }
      lane.isTaken = true;
      if (free) return lane;
      tried.add(lane);
      try {
        await resolve(lane);
      } catch (failure) {
        lane.failure = failure;
        this.give(lane);
        if (signal?.aborted) throw signal.reason;
        continue;
      }
      if (isFree(lane.state)) return lane;
      this.give(lane);
    }
  }

  /** Gives a lane back. */
  give(lane: Lane): void {
    lane.isTaken = false;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Stores what becomes of a lane, then it is so. */
  async change(lane: Lane, state: LaneState): Promise<void> {
    await this.#storage.put(lane.key, laneToText(state));
    lane.state = state;
  }

  /** It is so, and stored if it can be: for what can be found out again, or is stored with what comes next. */
  async note(lane: Lane, state: LaneState): Promise<void> {
    lane.state = state;
    await this.#storage.put(lane.key, laneToText(state)).catch((failure: unknown) => (lane.failure = failure));
  }

  #given(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      this.#waiting.push(wake);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #whyNone(): string {
    const reasons = this.lanes.map(({ number, state, failure }) => {
      if (state.stopped) return `lane ${number} is stopped: ${state.stopped}`;
      return `lane ${number} waits for the receipt of request ${state.nonce + 1n}: ${failure instanceof Error ? failure.message : failure}`;
    });
    return `no lane of the session can be used; ask again later, or grant another session: ${reasons.join('; ')}`;
  }
}
