// The SDK of 0G computes the same roots as `noema storage root`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MemData, ZgFile } from '@0gfoundation/0g-ts-sdk';
import { rootOf } from './noema-program.mjs';
import { seededBytes, seededNumbers } from './seeded-bytes.mjs';
import { temporaryFiles } from './temporary-files.mjs';

const SECTOR = 256;
const SEGMENT = 1024 * SECTOR;
const MIB = 1 << 20;

let files;
before(async () => {
  files = await temporaryFiles();
});
after(() => files.remove());

async function rootOfSdk(file) {
  const [tree, error] = await file.merkleTree();
  assert.equal(error, null, `the SDK fails: ${error}`);
  return tree.rootHash();
}

async function compare(name, content) {
  const path = await files.write(name, content);
  const ours = await rootOf(path);
  assert.equal(ours.size, content.length);

  const file = await ZgFile.fromFilePath(path);
  try {
    assert.equal(ours.root, await rootOfSdk(file), `${name}: as a file`);
  } finally {
    await file.close();
  }
  assert.equal(ours.root, await rootOfSdk(new MemData(content)), `${name}: in memory`);
  return ours.root;
}

async function compareSizes(sizes) {
  const roots = new Set();
  for (const size of sizes) {
    roots.add(await compare(`${size}-bytes`, seededBytes(`content of ${size} bytes`, size)));
  }
  assert.equal(roots.size, new Set(sizes).size, 'other contents have other roots');
}

test('around one sector', () => compareSizes([1, 2, 255, 256, 257, 511, 512, 513]));

test('around the sizes at which padding changes', () =>
  compareSizes([15, 16, 17, 18, 19, 31, 32, 33, 255, 257, 1023].flatMap((sectors) => [
    sectors * SECTOR - 1,
    sectors * SECTOR,
    sectors * SECTOR + 1,
  ])));

test('around one segment', () => compareSizes([SEGMENT - 1, SEGMENT, SEGMENT + 1]));

test('several segments', () =>
  compareSizes([
    2 * SEGMENT,
    2 * SEGMENT + 1,
    3 * SEGMENT - 1,
    3 * SEGMENT,
    5 * SEGMENT + 12_345,
    4 * MIB + 1,
    7 * MIB + 77_777,
    8 * MIB - 1,
    8 * MIB,
  ]));

test('random sizes up to a mebibyte', () => compareSizes(seededNumbers('sizes', 24, MIB)));

test('random sizes up to a segment', () => compareSizes(seededNumbers('small sizes', 24, SEGMENT)));

test('contents of zeros, which look like padding', async () => {
  for (const size of [1, SECTOR, SEGMENT + 1, 3 * SEGMENT]) {
    await compare(`${size}-zeros`, Buffer.alloc(size));
  }
  const halfZeros = Buffer.concat([seededBytes('then zeros', SEGMENT), Buffer.alloc(2 * SEGMENT)]);
  await compare('then-zeros', halfZeros);
});

test('a file without bytes has no root on either side', async () => {
  await assert.rejects(rootOf(await files.write('empty', '')), /not_storable/);
  assert.deepEqual(await new MemData(Buffer.alloc(0)).merkleTree(), [null, null]);
});
