// Roots and ids: the known ones, and the same ones whatever way the bytes come.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProofError, SEGMENT_SIZE, Shape, SizeError, SourceError, UsageError, root, verify } from '@noema/sdk';
import { openFile } from '@noema/sdk/node';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { keccak256 } from '#dist/keccak.js';
import { zeroRoot } from '#dist/commitment/tree.js';
import { toHex } from '#dist/bytes.js';
import { counting, seeded, seededNumbers } from './support/content.js';

const RUST = new URL('../../../../primitives/commitment/', import.meta.url);

test('shapes and roots are those of the Rust library', async () => {
  const source = await readFile(new URL('tests/vectors.rs', RUST), 'utf8');
  const vector = /Vector \{\s+size: ([\d_]+),\s+sectors: (\d+),\s+padded: (\d+),[^}]*root: hex!\("([0-9a-f]{64})"\)/g;
  const vectors = [...source.matchAll(vector)];
  assert.equal(vectors.length, 17, 'all vectors of the file are read');
  for (const [, digits, sectors, padded, expected] of vectors) {
    const size = Number(digits?.replaceAll('_', ''));
    const shape = new Shape(size);
    assert.deepEqual([shape.sectors, shape.paddedSectors], [Number(sectors), Number(padded)], `shape of ${size}`);
    assert.equal((await root(counting(size))).root, `0x${expected}`, `root of ${size}`);
  }
});

test('padding hashes to the table of the Rust library', async () => {
  const source = await readFile(new URL('src/zeros.rs', RUST), 'utf8');
  const table = [...source.matchAll(/^ {4}hex!\("([0-9a-f]{64})"\),$/gm)].map(([, hash]) => `0x${hash}`);
  assert.equal(table.length, 41);
  table.forEach((expected, height) => assert.equal(toHex(zeroRoot(2 ** height)), expected, `height ${height}`));
});

test('the shape of the largest file is exact', () => {
  const largest = new Shape(2 ** 48);
  assert.deepEqual([largest.sectors, largest.paddedSectors, largest.segments], [2 ** 40, 2 ** 40, 2 ** 30]);
  const beyondHalf = new Shape(2 ** 47 + 1);
  assert.equal(beyondHalf.paddedSectors, 2 ** 39 + 2 ** 36);
  assert.equal(beyondHalf.segmentBytes(2 ** 29), 1);
});

test('Keccak-256 is that of the audited library, for every length up to five blocks', () => {
  const bytes = seeded('keccak', 5 * 136 + 2);
  for (let length = 0; length <= 5 * 136 + 1; length++) {
    // From an odd place, as a part of something larger.
    const part = bytes.subarray(1, 1 + length);
    assert.deepEqual(keccak256(part), keccak_256(part), `${length} bytes`);
  }
});

test('a file without bytes, or with too many, has no root', async () => {
  await assert.rejects(root(new Uint8Array()), (error) => error instanceof SizeError && error.code === 'empty');
  assert.throws(() => new Shape(2 ** 48 + 1), (error) => error instanceof SizeError && error.code === 'too_large');
  assert.throws(() => new Shape(1.5), UsageError);
});

test('the id binds the size, which the root does not', async () => {
  const [one, padded] = [await root(new Uint8Array(1)), await root(new Uint8Array(256))];
  assert.equal(one.root, padded.root);
  assert.notEqual(one.file, padded.file);
});

test('every kind of source has the same root', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'noema-sdk-'));
  try {
    for (const size of [1, 256, 257, SEGMENT_SIZE, SEGMENT_SIZE + 1, ...seededNumbers('sizes', 6, 3 * SEGMENT_SIZE)]) {
      const bytes = seeded(`source ${size}`, size);
      const expected = await root(bytes);
      assert.equal(expected.size, size);
      const path = join(directory, `${size}`);
      await writeFile(path, bytes);
      const file = await openFile(path);
      const others = {
        blob: new Blob([bytes]),
        stream: new Blob([bytes]).stream(),
        'small pieces': inPieces(bytes, 'small', 700),
        'large pieces': inPieces(bytes, 'large', 2 * SEGMENT_SIZE),
        file,
      };
      for (const [kind, source] of Object.entries(others)) {
        assert.deepEqual(await root(source), expected, `${kind} of ${size} bytes`);
      }
      await verify(expected, file);
      await file.close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

async function* inPieces(bytes: Uint8Array, seed: string, most: number) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const [length] = seededNumbers(`${seed} ${turn}`, 1, most) as [number];
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

test('a stream is read piece by piece, within bounded memory', async () => {
  const piece = seeded('piece', 1 << 20);
  let given = 0;
  let most = 0;
  async function* pieces() {
    for (; given < 24; given++) {
      // A new piece each time: what is kept of it would add up.
      yield piece.slice();
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }
  }
  const before = process.memoryUsage().arrayBuffers;
  const { size } = await root(pieces());
  assert.equal(size, 24 << 20);
  assert.ok(most - before < 20 << 20, `reading 24 MiB took ${most - before} bytes of buffers`);
});

test('verify says what is wrong with a file', async () => {
  const bytes = seeded('verify', 5000);
  const file = await root(bytes);
  await verify(file, bytes);
  const other = bytes.slice();
  other[4999] = (other[4999] as number) ^ 1;
  await assert.rejects(verify(file, other), (error) => error instanceof ProofError && error.message.includes(file.root));
  await assert.rejects(verify(file, bytes.subarray(1)), /4999 bytes: expected 5000/);
});

test('reading ends when its signal is aborted', async () => {
  const controller = new AbortController();
  async function* endless() {
    for (;;) yield new Uint8Array(1000);
  }
  const onProgress = (done: number) => done > 50_000 && controller.abort(new Error('enough'));
  await assert.rejects(root(endless(), { signal: controller.signal, onProgress }), /enough/);
});

test('what is no source is refused in words', async () => {
  await assert.rejects(root('text' as unknown as Uint8Array), UsageError);
  await assert.rejects(root(null as unknown as Uint8Array), UsageError);
  async function* text() {
    yield 'text';
  }
  await assert.rejects(root(text() as unknown as AsyncIterable<Uint8Array>), /Uint8Array/);
  await assert.rejects(openFile('/no/such/file'), (error) => error instanceof SourceError && error.code === 'unreadable');
  await assert.rejects(openFile(tmpdir()), /regular file/);
});
