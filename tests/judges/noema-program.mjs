// The `noema` command line, as far as the judges need it.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endpoint, programs } from './environment.mjs';

const run = promisify(execFile);

/** Runs the program; what it says of a failure is in the error's message. */
async function noema(...args) {
  const { stdout } = await run(join(programs(), 'noema'), [...args, '--json']);
  return stdout;
}

/** What `noema` says of a file, without any network: `{ root, file, size, ... }`. */
export const rootOf = async (path) => JSON.parse(await noema('storage', 'root', path));

/** Commits to a file, unless that is done, uploads it and waits until it is active. */
export const putFile = (path, replicas, owner) =>
  noema('storage', 'put', path, '--replicas', `${replicas}`, '--dev', owner, '--url', endpoint());
