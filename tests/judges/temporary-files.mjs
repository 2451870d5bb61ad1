// A directory for the files of one test program.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function temporaryFiles() {
  const directory = await mkdtemp(join(tmpdir(), 'noema-judges-'));
  return {
    async write(name, content) {
      const path = join(directory, name);
      await writeFile(path, content);
      return path;
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
