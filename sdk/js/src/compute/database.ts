// A storage of browsers: IndexedDB, one page at a time.

import { NoemaError } from '../errors.js';
import type { LaneStorage } from './storage.js';

const STORE = 'lanes';

/** A storage in the page's IndexedDB. Close it in the end. */
export interface LaneDatabase extends LaneStorage {
  close(): void;
}

/**
 * Opens a database for the vouchers of one buyer. Other pages, tabs and workers of the origin cannot open the same one meanwhile.
 *
 * @throws {NoemaError} with code `in_use` when another one has it open.
 */
export async function openLaneDatabase(name = 'noema-lanes'): Promise<LaneDatabase> {
  const release = await lock(`${name} of @noema/sdk`);
  try {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await result(opening);
    return {
      get: (key) => result<string | undefined>(database.transaction(STORE).objectStore(STORE).get(key)),
      async put(key, value) {
        const writing = database.transaction(STORE, 'readwrite', { durability: 'strict' });
        writing.objectStore(STORE).put(value, key);
        await new Promise<void>((resolve, reject) => {
          writing.oncomplete = () => resolve();
          writing.onerror = writing.onabort = () => reject(writing.error);
        });
      },
      close() {
        database.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Takes a lock of the origin's, or fails at once; what is returned gives it back. */
function lock(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (granted) => {
      if (!granted) {
        const message = `another page of this origin uses the vouchers of ${name}: close it, or use a database and a session of its own`;
        return reject(new NoemaError('in_use', message));
      }
      return new Promise<void>((release) => resolve(release));
    });
    held.catch(reject);
  });
}
