// The network and the programs that the environment names.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const { NOEMA_RPC, NOEMA_BIN, NOEMA_LIAR, NOEMA_MARKET } = process.env;

/** The `ws://` address of a node of a development network with three storage providers. */
export const node = NOEMA_RPC ?? '';
/** Where a provider answers that runs the program `noema-tamper`. */
export const liar = NOEMA_LIAR ?? '';

/** The `ws://` address of a node of a development network on which somebody sells answers and vectors. */
export const market = NOEMA_MARKET ?? '';

/** Why tests that need each of these are left out, if they are. */
export const without = {
  node: NOEMA_RPC ? false : 'set NOEMA_RPC to the ws:// address of a node',
  market: NOEMA_MARKET && NOEMA_BIN ? false : 'set NOEMA_MARKET to the ws:// address of a node of a network with a compute provider, and NOEMA_BIN',
  programs: NOEMA_BIN ? false : 'set NOEMA_BIN to the directory with the programs',
  liar: NOEMA_RPC && NOEMA_LIAR ? false : 'set NOEMA_LIAR to the address of a provider that runs noema-tamper',
} as const;

/** Runs the `noema` command line and reads its answer. */
export async function noema(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(join(NOEMA_BIN ?? '', 'noema'), [...args, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A directory for the files of one test program. */
export async function temporaryFiles() {
  const directory = await mkdtemp(join(tmpdir(), 'noema-sdk-'));
  return {
    path: (name: string) => join(directory, name),
    async write(name: string, content: Uint8Array): Promise<string> {
      const path = join(directory, name);
      await writeFile(path, content);
      return path;
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A seed that no earlier run on this network has used: the content of a file names the run. */
export const fresh = (name: string): string => `${name} ${process.pid} ${Date.now()}`;
