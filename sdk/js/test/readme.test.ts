// What the README shows is what runs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SEGMENT_SIZE, root } from '@noema/sdk';
import { packageFile } from './support/browser.js';
import { seeded } from './support/content.js';
import { fresh, market, node, temporaryFiles, without } from './support/network.js';

const run = promisify(execFile);
const example = (name: string) => fileURLToPath(new URL(join('../../examples', name), import.meta.url));

test('the README shows the examples as they are', async () => {
  const readme = await packageFile('README.md');
  const blocks = [...readme.matchAll(/\[examples\/([\w-]+\.mjs)\][^]*?```js\n([^]*?)```/g)];
  assert.deepEqual(blocks.map(([, name]) => name), ['store-and-fetch.mjs', 'root-and-verify.mjs', 'buy-answers.mjs', 'own-agent.mjs']);
  for (const [, name, code] of blocks) assert.equal(code, await packageFile(`examples/${name}`), name);
});

test('every name in the README is exported', async () => {
  const readme = await packageFile('README.md');
  const sdk: Record<string, unknown> = await import('@noema/sdk');
  const named = [...readme.matchAll(/`(\w+Error)`/g)].map(([, name]) => name as string);
  assert.ok(named.length > 10);
  const listed = ['Buyer', 'checkReceipt', 'keyFromUri', 'memoryStorage', 'openLaneDatabase', 'requestHash', 'signVoucher', 'voucherToText'];
  for (const name of [...named, ...listed, 'Noema', 'Download', 'download', 'root', 'verify', 'verifySegment', 'verifyRange', 'signerFromUri']) {
    assert.equal(typeof sdk[name], 'function', name);
  }
});

test('the example of root and verify runs', async () => {
  const files = await temporaryFiles();
  try {
    const bytes = seeded('example', 2 * SEGMENT_SIZE);
    const original = await files.write('original', bytes);
    const same = await files.write('same', bytes);
    const other = await files.write('other', bytes.map((byte, i) => (i === 7 ? byte ^ 1 : byte)));
    const expected = await root(bytes);
    const said = async (copy: string) => (await run(process.execPath, [example('root-and-verify.mjs'), original, copy])).stdout;
    assert.equal(await said(same), `root ${expected.root}\nfile ${expected.file}\nthe copy is the same\n`);
    assert.match(await said(other), /the copy is another file: .*expected 0x/);
  } finally {
    await files.remove();
  }
});

test('the example of store and fetch runs', { skip: without.node, timeout: 120_000 }, async () => {
  const files = await temporaryFiles();
  try {
    const bytes = seeded(fresh('example'), SEGMENT_SIZE + 10);
    const path = await files.write('picture', bytes);
    const { stdout } = await run(process.execPath, [example('store-and-fetch.mjs'), node, '//Ferdie', path]);
    const { file } = await root(bytes);
    assert.match(stdout, new RegExp(`^stored ${bytes.length} bytes as ${file}\nfetched ${bytes.length} bytes from [1-3] providers\n$`));
  } finally {
    await files.remove();
  }
});

test('the example of buying answers runs', { skip: without.market, timeout: 120_000 }, async () => {
  const files = await temporaryFiles();
  try {
    const asked = [example('buy-answers.mjs'), market, '//Eve', 'words 5'];
    const { stdout } = await run(process.execPath, asked, { cwd: files.path('') });
    assert.match(stdout, /\n\d+ units for \d+ tokens, unverified\n[^]*\nowed \d+ units in all, unverified\n$/);
  } finally {
    await files.remove();
  }
});

test('the example of an agent runs', { skip: without.market, timeout: 180_000 }, async () => {
  const { stdout } = await run(process.execPath, [example('own-agent.mjs'), market, '//Ferdie']);
  const acted = /^agent \d+ has the account 5\w+\nthe key spent 1000000000000000000 units\n1000000000000000000 of 2000000000000000000 are spent\n$/;
  assert.match(stdout, acted);
});
