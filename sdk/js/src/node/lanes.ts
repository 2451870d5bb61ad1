// A storage of Node.js: a directory with a file for each lane, one program at a time.

import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LaneStorage } from '../compute/storage.js';
import { NoemaError } from '../errors.js';

/** A storage in a directory. Close it in the end. */
export interface LaneDirectory extends LaneStorage {
  close(): Promise<void>;
}

const LOCK = 'lock';
/** The directories that this process has open: its own number in a lock file says nothing of an earlier process with the same number. */
const mine = new Set<string>();

/**
 * Opens a directory, and makes it if there is none. What is put is on the disk when `put` resolves.
 *
 * @throws {NoemaError} with code `in_use` when a program that runs has it open.
 */
export async function openLaneDirectory(path: string): Promise<LaneDirectory> {
  const directory = resolve(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await lock(directory);
  const fileOf = (key: string) => join(directory, `${encodeURIComponent(key)}.json`);
  return {
    async get(key) {
      return readFile(fileOf(key), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
    },
    async put(key, value) {
      const file = fileOf(key);
      const next = `${file}.${randomBytes(6).toString('hex')}.new`;
      await written(next, value);
      await rename(next, file);
      await synced(directory);
    },
    async close() {
      mine.delete(directory);
      await rm(join(directory, LOCK), { force: true });
    },
  };
}

async function written(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a renaming last. */
async function synced(directory: string): Promise<void> {
  // Windows has no handles of directories, and needs none.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function lock(directory: string): Promise<void> {
  const path = join(directory, LOCK);
  const inUse = (who: string) =>
    new NoemaError('in_use', `${directory} is in use by ${who}: end it, or use a directory and a session of its own`);
  if (mine.has(directory)) throw inUse('this program');
  mine.add(directory);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      const taken = await written(path, `${process.pid}`).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
          return false;
        },
      );
      if (taken) return;
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (isRunning(holder)) throw inUse(`process ${holder}`);
      // Of a program that was killed. Only one of those that see this renames it.
      const stale = `${path}.${randomBytes(6).toString('hex')}.stale`;
      await rename(path, stale).then(() => rm(stale, { force: true }), () => undefined);
    }
    throw inUse('programs that begin at the same time');
  } catch (error) {
    mine.delete(directory);
    throw error;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
