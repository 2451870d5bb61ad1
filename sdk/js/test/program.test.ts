// The same roots and ids as the command line.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEGMENT_SIZE, root } from '@noema/sdk';
import { openFile } from '@noema/sdk/node';
import { seeded, seededNumbers } from './support/content.js';
import { noema, temporaryFiles, without } from './support/network.js';

const AROUND = [1, 256, 257, 4096, 4097, SEGMENT_SIZE - 1, SEGMENT_SIZE, SEGMENT_SIZE + 1, 2 * SEGMENT_SIZE + 1];

test('roots and ids are those of `noema storage root`', { skip: without.programs }, async () => {
  const files = await temporaryFiles();
  try {
    for (const size of [...AROUND, ...seededNumbers('program', 12, 4 << 20)]) {
      // Every third file is mostly zeros, so that data and padding look alike.
      const bytes = size % 3 === 0 ? new Uint8Array(size).fill(1, 0, 1) : seeded(`program ${size}`, size);
      const path = await files.write(`${size}`, bytes);
      const expected = await noema('storage', 'root', path);
      const source = await openFile(path);
      const found = await root(source);
      await source.close();
      assert.deepEqual(
        { root: found.root, file: found.file, size: found.size },
        { root: expected['root'], file: expected['file'], size: expected['size'] },
      );
    }
  } finally {
    await files.remove();
  }
});
