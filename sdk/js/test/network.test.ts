// Put and get on a real network, from Node.js.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import {
  ChainError,
  Noema,
  NotFoundError,
  PutError,
  SEGMENT_SIZE,
  SizeError,
  SourceError,
  UsageError,
  root,
  signerFromUri,
  type PutProgress,
} from '@noema/sdk';
import { connect, openFile } from '@noema/sdk/node';
import { accountAddress } from '#dist/chain/chain.js';
import { seeded } from './support/content.js';
import { fresh, liar, node, noema, temporaryFiles, without } from './support/network.js';

const skip = without.node;
const OWNER = 'Charlie';
const signer = await signerFromUri(`//${OWNER}`);
let net: Noema;
let files: Awaited<ReturnType<typeof temporaryFiles>>;

before(async () => {
  files = await temporaryFiles();
  if (!skip) net = await connect(node);
});
after(async () => {
  net?.close();
  await files.remove();
});

test('a file is put, found, got and removed', { skip, timeout: 120_000 }, async () => {
  const bytes = seeded(fresh('put'), 20 * SEGMENT_SIZE + 100);
  const steps: PutProgress[] = [];
  const stored = await net.put(bytes, { signer, until: 'all', onProgress: (progress) => steps.push(progress) });
  assert.deepEqual({ ...(await root(bytes)) }, { root: stored.root, file: stored.file, size: stored.size });
  assert.equal(stored.owner, accountAddress(signer.publicKey));
  assert.equal(new Set(stored.replicas.map(({ provider }) => provider)).size, 3);
  assert.ok(stored.replicas.every(({ state }) => state === 'held'));
  assert.ok(stored.committed);
  assert.deepEqual({ sent: stored.uploaded?.sent, bytes: stored.uploaded?.bytes }, { sent: 21, bytes: bytes.length });
  assert.deepEqual(new Set(steps.map(({ step }) => step)), new Set(['reading', 'committing', 'uploading', 'waiting']));

  const { peers, ...located } = await net.locate(stored.file);
  assert.deepEqual(located, { file: stored.file, root: stored.root, size: stored.size });
  assert.equal(peers.length, 3);
  for (const name of [stored.file, `0x${stored.file}`, stored.root, { root: stored.root }, stored]) {
    const range = { start: 3 * SEGMENT_SIZE - 5, end: 3 * SEGMENT_SIZE + 5 };
    const part = await (await net.get(name, { range })).bytes();
    assert.deepEqual(part, bytes.slice(range.start, range.end));
  }
  const download = await net.get(stored.file);
  assert.deepEqual(await download.bytes(), bytes);
  assert.equal(download.report.delivered.length, 3, 'every provider delivers its share');

  await net.remove(stored.file, { signer });
  const notFound = (error: unknown) => error instanceof NotFoundError && error.code === 'not_found';
  await assert.rejects(net.get(stored.file), notFound);
  await assert.rejects(net.remove(stored.file, { signer }), notFound);
});

test('putting again does nothing, whoever put first', { skip, timeout: 120_000 }, async () => {
  const bytes = seeded(fresh('again'), SEGMENT_SIZE + 1);
  const path = await files.write('again', bytes);
  await noema('storage', 'put', path, '--replicas', '2', '--dev', OWNER, '--url', node);
  const again = await net.put(bytes, { signer });
  assert.equal(again.committed, undefined);
  assert.equal(again.uploaded, undefined);
  assert.equal(again.replicas.length, 2);
  await assert.rejects(
    net.put(bytes, { signer, replicas: 3 }),
    (error) => error instanceof PutError && error.code === 'replicas_differ' && /2 replicas, not 3/.test(error.message),
  );
});

test('what is put here is got by the command line', { skip, timeout: 120_000 }, async () => {
  const bytes = seeded(fresh('cli'), 2 * SEGMENT_SIZE);
  const source = await openFile(await files.write('put', bytes));
  const stored = await net.put(source, { signer, replicas: 1 });
  await source.close();
  const copy = files.path('copy');
  await noema('storage', 'get', stored.file, '--output', copy, '--url', node);
  assert.deepEqual(new Uint8Array(await readFile(copy)), bytes);
});

test('an upload that broke off is continued by another put', { skip, timeout: 120_000 }, async () => {
  const bytes = new Blob([seeded(fresh('broken'), 30 * SEGMENT_SIZE)]);
  const controller = new AbortController();
  const reason = new Error('the visitor left');
  const first = net.put(bytes, {
    signer,
    replicas: 1,
    concurrency: 1,
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.step === 'uploading' && progress.done >= 5 * SEGMENT_SIZE) controller.abort(reason);
    },
  });
  await assert.rejects(first, (error) => error === reason);
  const second = await net.put(bytes, { signer });
  assert.equal(second.committed, undefined, 'the deal stands');
  const { sent = 0, skipped = 0 } = second.uploaded ?? {};
  assert.equal(sent + skipped, 30);
  assert.ok(skipped >= 5, `expected that the first 5 segments are not sent again, found ${skipped} left out`);
});

test('several files are put at once with one account', { skip, timeout: 120_000 }, async () => {
  const contents = [1, 2, 3, 4].map((i) => seeded(fresh(`several ${i}`), 1000 * i));
  const stored = await Promise.all(contents.map((bytes) => net.put(bytes, { signer, replicas: 1 })));
  for (const [i, { file }] of stored.entries()) assert.deepEqual(await (await net.get(file)).bytes(), contents[i]);
});

test('the same file put twice at once is committed to once', { skip, timeout: 120_000 }, async () => {
  const bytes = seeded(fresh('twice'), 5000);
  const [one, two] = await Promise.all([1, 2].map(() => net.put(bytes, { signer, replicas: 2 })));
  assert.equal(one?.file, two?.file);
  const locatedFile = await net.locate(one?.file as string);
  assert.equal(locatedFile.peers.length, 2);
});

test('a root that files of several sizes have needs the size', { skip, timeout: 120_000 }, async () => {
  const [one, two] = await Promise.all([1, 2].map((size) => net.put(new Uint8Array(size), { signer, replicas: 1 })));
  assert.ok(one && two);
  assert.equal(one.root, two.root);
  const isAmbiguous = (error: unknown) => error instanceof NotFoundError && error.code === 'ambiguous';
  await assert.rejects(net.get(one.root), isAmbiguous);
  for (const { root, size } of [one, two]) {
    assert.deepEqual(await (await net.get({ root, size })).bytes(), new Uint8Array(size));
  }
  await assert.rejects(net.get({ root: one.root, size: 3 }), /nobody has a deal .* and 3 bytes/);
});

test('a source that changes takes its commitment back', { skip, timeout: 120_000 }, async () => {
  const bytes = seeded(fresh('changing'), SEGMENT_SIZE);
  const { file } = await root(bytes);
  const onProgress = ({ step }: PutProgress) => {
    if (step === 'committing') bytes[0] = (bytes[0] as number) ^ 1;
  };
  await assert.rejects(net.put(bytes, { signer, replicas: 1, onProgress }), (error) => {
    assert.ok(error instanceof SourceError);
    assert.equal(error.code, 'source_changed');
    return /the commitment was taken back/.test(error.message);
  });
  await assert.rejects(net.locate(file), NotFoundError);
});

test('what cannot be put is said before anything is promised', { skip, timeout: 60_000 }, async () => {
  const bytes = seeded(fresh('refused'), 100);
  const { file } = await root(bytes);
  const poor = await signerFromUri('//nobody ever gave this account anything');
  const code = (expected: string) => (error: unknown) => error instanceof PutError && error.code === expected;
  await assert.rejects(net.put(bytes, { signer: poor }), code('not_enough_funds'));
  await assert.rejects(net.put(bytes, { signer, replicas: 16 }), code('not_enough_providers'));
  await assert.rejects(net.put(bytes, { signer, replicas: 17 }), UsageError);
  await assert.rejects(net.put(new Uint8Array(), { signer }), SizeError);
  await assert.rejects(net.put(new Blob([bytes]).stream() as unknown as Blob, { signer }), /Collect a stream/);
  await assert.rejects(net.locate(file), NotFoundError);
  await assert.rejects(net.get('no id'), UsageError);
});

test('a provider that lies is named, and the others serve', { skip: without.liar, timeout: 120_000 }, async () => {
  const bytes = seeded(fresh('lies'), 9 * SEGMENT_SIZE + 5);
  const stored = await net.put(bytes, { signer, until: 'all' });
  const { peers } = await net.locate(stored.file);
  const named = peers.find(({ endpoint }) => endpoint === liar);
  assert.ok(named, `${liar} is one of ${peers.map(({ endpoint }) => endpoint)}`);
  const tell = async (way: string) => assert.ok((await fetch(`${liar}/tamper/${way}`, { method: 'PUT' })).ok);
  try {
    for (const way of ['flipped-bit', 'short-segment', 'wrong-proof']) {
      await tell(way);
      const download = await net.get(stored.file);
      assert.deepEqual(await download.bytes(), bytes, way);
      const { misbehaved } = download.report;
      assert.deepEqual(misbehaved.map(({ peer }) => peer), [named], way);
      assert.match(misbehaved[0]?.message ?? '', new RegExp(`${named.provider}.*served a wrong segment`), way);
    }
  } finally {
    await tell('none');
  }
});

test('a node that is not there, or of another kind, is said', { timeout: 30_000 }, async () => {
  await assert.rejects(connect('ws://127.0.0.1:9', { timeout: 500 }), (error) => {
    assert.ok(error instanceof ChainError);
    return /ws:\/\/127.0.0.1:9 does not answer within 0.5 s/.test(error.message);
  });
});
