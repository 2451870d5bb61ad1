// Where a buyer keeps what its lanes have promised.

/**
 * Texts by key. What was put must be there after a restart: a buyer that forgets a voucher loses its lane. One buyer at a time may use a storage for one
 * session of a channel, or two vouchers would be signed for one request; `openLaneDirectory` of `@noema/sdk/node` and `openLaneDatabase` see to that.
 */
export interface LaneStorage {
  /** What was put under the key last; `undefined` if nothing was. */
  get(key: string): Promise<string | undefined>;
  /** Replaces what is under the key. Once it resolves, that survives a crash. */
  put(key: string, value: string): Promise<void>;
}

/** A storage that lasts as long as the program: for channels that are not used again, and for tests. */
export function memoryStorage(): LaneStorage {
  const values = new Map<string, string>();
  return {
    get: async (key) => values.get(key),
    put: async (key, value) => void values.set(key, value),
  };
}
