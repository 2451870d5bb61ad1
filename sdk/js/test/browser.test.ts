// The library in Chromium: bundled without polyfills, loaded by a page of localhost, on a real network.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { SEGMENT_SIZE, cost, root } from '@noema/sdk';
import type * as Sdk from '@noema/sdk';
import { seeded } from './support/content.js';
import { PRICE, TestGateway, used, words } from './support/gateway.js';
import { browse, bundle, packageFile, type Browsing } from './support/browser.js';
import { fresh, node, temporaryFiles, without } from './support/network.js';

/** What the page of the tests has. */
interface PageWindow {
  sdk: typeof Sdk;
}

let browsing: Browsing;
before(async () => {
  const code = await bundle("import * as sdk from '@noema/sdk'; window.sdk = sdk;");
  browsing = await browse({
    'index.html': '<!doctype html><link rel="icon" href="data:," /><script type="module" src="sdk.js"></script>',
    'sdk.js': code,
  });
}, { timeout: 60_000 });
after(() => browsing?.close());

test('what needs Node.js does not build for a browser', async () => {
  await assert.rejects(bundle("import '@noema/sdk/node';"), /node:fs\/promises/);
});

test('a page computes the root and verifies', { timeout: 60_000 }, async () => {
  const size = 2 * SEGMENT_SIZE + 77;
  const expected = await root(Uint8Array.from({ length: size }, (_, i) => i % 251));
  const found = await browsing.page.evaluate(async (length) => {
    const { sdk } = window as unknown as PageWindow;
    const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
    const blob = new Blob([bytes]);
    const [of, ofBlob, ofStream] = [await sdk.root(bytes), await sdk.root(blob), await sdk.root(blob.stream())];
    await sdk.verify(of, blob);
    bytes[5] = 0;
    const refused = await sdk.verify(of, bytes).catch((error: Error) => error.name);
    return { of, ofBlob, ofStream, refused, hasBuffer: 'Buffer' in window, hasProcess: 'process' in window };
  }, size);
  assert.deepEqual(found, {
    of: expected,
    ofBlob: expected,
    ofStream: expected,
    refused: 'ProofError',
    hasBuffer: false,
    hasProcess: false,
  });
});

test('a page keeps the promises of a buyer, and no other page uses them meanwhile', { timeout: 60_000 }, async () => {
  const found = await browsing.page.evaluate(async () => {
    const { sdk } = window as unknown as PageWindow;
    const lanes = await sdk.openLaneDatabase('lanes of the test');
    await lanes.put('0', 'one');
    await lanes.put('0', 'two');
    const refused = await sdk.openLaneDatabase('lanes of the test').catch((error: { code: string }) => error.code);
    lanes.close();
    // A lock is given back a moment later.
    await navigator.locks.request('lanes of the test of @noema/sdk', () => undefined);
    const again = await sdk.openLaneDatabase('lanes of the test');
    const kept = [await again.get('0'), await again.get('1')];
    again.close();
    return { refused, kept };
  });
  assert.deepEqual(found, { refused: 'in_use', kept: ['two', undefined] });
});

test('a page buys an answer and checks its receipt', { timeout: 60_000 }, async () => {
  const gateway = await TestGateway.start();
  try {
    const { state, peer, model, serviceKey, genesis, verification } = gateway.terms;
    const answer = await browsing.page.evaluate(async (given) => {
      const { sdk } = window as unknown as PageWindow;
      const price = { per: 'tokens', input: 1_000_000n, cached: 100_000n, output: 2_000_000n } as const;
      const numbers = { channel: 7n, session: 1, lanes: 1, redeemed: [], perUse: 10_000n, service: 9n, expires: 14_400n };
      const options = { key: await sdk.keyFromUri('//Dave//session'), storage: sdk.memoryStorage() };
      const buyer = await sdk.Buyer.open(async () => ({ ...given, ...numbers, price }), options);
      const stream = await buyer.streamChat({ messages: [], max_tokens: 3 });
      const text = await stream.text();
      return { text, amount: `${stream.receipt?.receipt.amount}`, verification: stream.verification };
    }, { state, peer, model, serviceKey, genesis, verification });
    assert.deepEqual(answer, { text: words(3).join(''), amount: `${cost(PRICE, used(3))}`, verification: 'unverified' });
  } finally {
    await gateway.stop();
  }
});

test('a page puts a file and gets it, and ranges of it', { skip: without.node, timeout: 120_000 }, async () => {
  const result = await browsing.page.evaluate(
    async ({ url, text, size }) => {
      const { sdk } = window as unknown as PageWindow;
      const bytes = new Uint8Array(size).map((_, i) => text.charCodeAt(i % text.length) + (i >> 8));
      const noema = await sdk.Noema.connect(url);
      const signer = await sdk.signerFromUri('//Dave');
      const stored = await noema.put(bytes, { signer });
      const again = await noema.put(bytes, { signer });
      const download = await noema.get(stored.file);
      const whole = await download.bytes();
      const range = { start: size - 300, end: size - 10 };
      const part = await new Response((await noema.get(stored.root, { range })).stream()).arrayBuffer();
      noema.close();
      const same = (one: Uint8Array, other: Uint8Array) => one.length === other.length && one.every((b, i) => b === other[i]);
      return {
        sent: stored.uploaded?.sent,
        repeated: again.committed ?? again.uploaded ?? null,
        isWhole: same(whole, bytes),
        isPart: same(new Uint8Array(part), bytes.subarray(range.start, range.end)),
        bytes: download.report.bytes,
      };
    },
    { url: node, text: fresh('page'), size: 7 * SEGMENT_SIZE + 1000 },
  );
  const expected = { sent: 8, repeated: null, isWhole: true, isPart: true, bytes: 7 * SEGMENT_SIZE + 1000 };
  assert.deepEqual(result, expected, browsing.complaints.join('\n'));
});

test('the example page stores what its visitor chooses', { skip: without.node, timeout: 120_000 }, async () => {
  const files = await temporaryFiles();
  const example = await browse({
    'index.html': await packageFile('examples/page/index.html'),
    'page.js': await bundle(await packageFile('examples/page/page.js')),
  });
  try {
    const { page } = example;
    const bytes = seeded(fresh('chosen'), SEGMENT_SIZE + 5);
    await page.fill('[name=node]', node);
    await page.fill('[name=secret]', '//Eve');
    await page.setInputFiles('[name=file]', await files.write('chosen.bin', bytes));
    await page.click('button');
    const output = page.locator('output').filter({ hasText: /^(stored|failed)/ });
    await output.waitFor({ timeout: 90_000 });
    assert.equal(await output.textContent(), `stored ${(await root(bytes)).file}`, example.complaints.join('\n'));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a')]);
    assert.equal(download.suggestedFilename(), 'chosen.bin');
    assert.deepEqual(new Uint8Array(await readFile(await download.path())), bytes);
  } finally {
    await example.close();
    await files.remove();
  }
});
