// What a buyer has promised is on the disk before anything follows from it, and belongs to one program at a time.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Buyer, FormatError, NoemaError, keyFromUri } from '@noema/sdk';
import { openLaneDirectory } from '@noema/sdk/node';
import { TestGateway } from './support/gateway.js';
import { temporaryFiles } from './support/network.js';

const run = promisify(execFile);
const isInUse = (error: unknown) => error instanceof NoemaError && error.code === 'in_use';
let files: Awaited<ReturnType<typeof temporaryFiles>>;
before(async () => {
  files = await temporaryFiles();
});
after(() => files.remove());

test('what was put is there when the directory is opened again', async () => {
  const path = files.path('again');
  const lanes = await openLaneDirectory(path);
  assert.equal(await lanes.get('0x00/7/1/0'), undefined);
  await lanes.put('0x00/7/1/0', 'one');
  await lanes.put('0x00/7/1/0', 'two');
  await lanes.put('0x00/7/1/1', 'three');
  await lanes.close();
  const again = await openLaneDirectory(path);
  assert.deepEqual([await again.get('0x00/7/1/0'), await again.get('0x00/7/1/1')], ['two', 'three']);
  assert.equal((await readdir(path)).length, 3, 'a file for each, and the lock');
  await again.close();
});

test('a directory is one program\'s at a time', async () => {
  const path = files.path('lock');
  const lanes = await openLaneDirectory(path);
  await assert.rejects(openLaneDirectory(path), isInUse);
  const other = `
    import { openLaneDirectory } from '@noema/sdk/node';
    await openLaneDirectory(${JSON.stringify(path)}).then(() => console.log('open'), (error) => console.log(error.code));
  `;
  const inAnother = async () => (await run(process.execPath, ['--input-type=module', '--eval', other])).stdout.trim();
  assert.equal(await inAnother(), 'in_use');
  await lanes.close();
  assert.equal(await inAnother(), 'open');
  // That program has ended without closing it.
  const taken = await openLaneDirectory(path);
  await taken.close();
  await writeFile(`${path}/lock`, 'damaged');
  await (await openLaneDirectory(path)).close();
});

test('a buyer goes on from a directory, and takes a damaged file for no lane that is fresh', async () => {
  const gateway = await TestGateway.start();
  try {
    const key = await keyFromUri('//Dave//session');
    const path = files.path('buyer');
    for (const nonce of [1n, 2n]) {
      const storage = await openLaneDirectory(path);
      const buyer = await Buyer.open(async () => gateway.terms, { key, storage });
      const { receipt } = await buyer.chat({ messages: [], max_tokens: 1 });
      assert.equal(receipt.receipt.nonce, nonce);
      await buyer.close();
      await storage.close();
    }
    const [name = ''] = (await readdir(path)).filter((file) => file.endsWith('.json'));
    for (const damage of ['', '{"version":1,"nonce":"1"}', '{"version":2}']) {
      await writeFile(`${path}/${name}`, damage);
      const storage = await openLaneDirectory(path);
      await assert.rejects(Buyer.open(async () => gateway.terms, { key, storage }), FormatError);
      await storage.close();
    }
  } finally {
    await gateway.stop();
  }
});
