// Uploads to one provider, and the token that comes with them.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { verify as verifySignature } from '@scure/sr25519';
import { ProviderError, SEGMENT_SIZE, SourceError, signerFromUri } from '@noema/sdk';
import { concat } from '#dist/bytes.js';
import { accountAddress } from '#dist/chain/chain.js';
import { upload, type UploadOptions } from '#dist/provider/upload.js';
import { known } from '#dist/root.js';
import { randomAccess } from '#dist/source.js';
import { authorization, tokenMessage } from '#dist/token.js';
import { sample } from './support/content.js';
import { TestProvider, frameOf } from './support/provider.js';

const file = sample('upload', 6 * SEGMENT_SIZE + 9);
const running: TestProvider[] = [];
const stopAll = () => Promise.all(running.splice(0).map((provider) => provider.stop()));
afterEach(stopAll);
after(stopAll);

async function start(): Promise<TestProvider> {
  const provider = await TestProvider.start('provider', file, 'nothing');
  running.push(provider);
  return provider;
}

function send(provider: TestProvider, options: Partial<UploadOptions> = {}, bytes: Uint8Array = file.bytes) {
  const { commitment } = file;
  const load = { source: randomAccess(bytes), commitment, file: known(file), peer: provider.peer, authorization: 'Noema x' };
  return upload(load, { concurrency: 3, attempts: 3, waitForDeal: 5_000, timeout: 5_000, ...options });
}

test('every segment arrives with its proof and the token', async () => {
  const provider = await start();
  const seen: number[] = [];
  const report = await send(provider, { onProgress: ({ done }) => seen.push(done) });
  assert.deepEqual(report, { sent: 7, skipped: 0, bytes: file.size });
  for (const [index, frame] of provider.have) assert.deepEqual(frame, new Uint8Array(frameOf(file, index)));
  assert.deepEqual(provider.tokens, Array(7).fill('Noema x'));
  assert.equal(seen.at(-1), file.size);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
});

test('what the provider has is not sent again', async () => {
  const provider = await start();
  for (const index of [0, 4]) provider.have.set(index, frameOf(file, index));
  assert.deepEqual(await send(provider), { sent: 5, skipped: 2, bytes: file.size - 2 * SEGMENT_SIZE });
  assert.deepEqual(provider.asked('PUT').sort(), [1, 2, 3, 5, 6]);
  provider.requests.length = 0;
  assert.deepEqual(await send(provider), { sent: 0, skipped: 7, bytes: 0 });
  assert.deepEqual(provider.asked('PUT'), []);
});

test('a segment is tried again when that may help, and only then', async () => {
  const provider = await start();
  provider.behave = ({ method, index, times }) =>
    method === 'PUT' && index === 2 && times < 3 ? { status: 503, code: 'busy' } : undefined;
  assert.equal((await send(provider)).sent, 7);

  const unwilling = await start();
  unwilling.behave = ({ method }) => (method === 'PUT' ? { status: 403, code: 'not_the_owner' } : undefined);
  await assert.rejects(send(unwilling, { concurrency: 1 }), (error) => {
    assert.ok(error instanceof ProviderError);
    assert.deepEqual([error.status, error.refusal], [403, 'not_the_owner']);
    return true;
  });
  assert.deepEqual(unwilling.asked('PUT'), [0]);
});

test('a provider that has not seen the deal yet is waited for, but not for ever', async () => {
  const provider = await start();
  provider.behave = ({ index, times }) => (index < 0 && times === 1 ? { status: 404, code: 'unknown_file' } : undefined);
  assert.equal((await send(provider)).sent, 7);
  provider.behave = () => ({ status: 404, code: 'unknown_file' });
  await assert.rejects(send(provider, { waitForDeal: 0 }), /provider provider at http:\S+ has no deal for the file/);
});

test('a provider that takes segments and does not keep them is given up', async () => {
  const provider = await start();
  provider.have.set = (): typeof provider.have => provider.have;
  await assert.rejects(send(provider), /acknowledges segments and still has only 0 of 7/);
});

test('a source that changed is said to have', async () => {
  const provider = await start();
  provider.behave = ({ method }) => (method === 'PUT' ? { status: 422, code: 'wrong_segment' } : undefined);
  const other = file.bytes.slice();
  other[0] = (other[0] as number) ^ 1;
  const isChanged = (error: unknown) => error instanceof SourceError && error.code === 'source_changed';
  await assert.rejects(send(provider, { concurrency: 1 }, other), isChanged);
  await assert.rejects(send(provider, {}, file.bytes.subarray(0, 1000)), isChanged);
});

test('an aborted upload ends with the reason of its signal', async () => {
  const provider = await start();
  provider.behave = ({ method, index }) => (method === 'PUT' && index === 2 ? 'silence' : undefined);
  const controller = new AbortController();
  const reason = new Error('enough');
  const onProgress = ({ done }: { done: number }) => void (done >= 2 * SEGMENT_SIZE && controller.abort(reason));
  await assert.rejects(send(provider, { signal: controller.signal, onProgress, concurrency: 1 }), (error) => error === reason);
});

test('a token is laid out as the providers read it, and signed as a wallet signs', async () => {
  const signer = await signerFromUri('//Alice');
  const bytes = (byte: number) => new Uint8Array(32).fill(byte);
  const terms = { genesis: bytes(1), file: bytes(2), owner: signer.publicKey, provider: bytes(3), expires: 1_800_000_060 };
  const header = await authorization(terms, (message) => signer.signBytes(message));
  const [scheme, token] = header.split(' ') as [string, string];
  const raw = new Uint8Array(Buffer.from(token, 'base64'));
  assert.equal(scheme, 'Noema');
  assert.equal(raw.length, 1 + 3 * 32 + 8 + 64);
  assert.equal(raw[0], 1);
  assert.deepEqual([raw.subarray(1, 33), raw.subarray(33, 65), raw.subarray(65, 97)], [terms.owner, terms.file, terms.provider]);
  assert.equal(Buffer.from(raw).readBigUInt64LE(97), 1_800_000_060n);
  const text = (of: string) => new TextEncoder().encode(of);
  const wrapped = concat(text('<Bytes>'), tokenMessage(terms), text('</Bytes>'));
  assert.ok(verifySignature(wrapped, raw.subarray(105), signer.publicKey));
  await assert.rejects(authorization(terms, async () => new Uint8Array(65)), /sr25519/);
});

/** Addresses by an independent implementation: `@polkadot/util-crypto` 14.0.3. */
const ACCOUNTS = {
  '//Alice': '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  '//Bob//stash': '5HpG9w8EBLe5XCrbczpwq5TSXvedjrBGCwqxK1iQ7qUsSWFc',
  '//Alice/soft': '5C8PhJPLE54x23RjmqBcEEnALryCDWdTJM5xLaoL9W8XEpnt',
  '//7': '5GHJzqvG6tXnngCpG7B12qjUvbo5e4e9z8Xjidk3CQZHxTPZ',
  '/18446744073709551615': '5Eez2BU37kRcodqCcecCf9pu8tc3ztmtKUtqicG85FMJiLMY',
  '//a name of a derivation that is longer than thirty-two bytes': '5CofUYpCNuZFC8HcVNbVcQ7aZgoTupdyrUqFitewCUtZbhSh',
  '///secret': '5HK6uyFmwszxvvpJrcKAz7sGijnCGQdn3XxGnWQMHu4ZAi2y',
  '//hard/soft///secret': '5E9PUenfKv2FaCGgBfusZmP7kVrioa7eaDPRjVdA8AjGWcVN',
  [`0x${'11'.repeat(32)}//x`]: '5GdiExV7ZvG3VkCDCjgXTCnrkZ754JedtdLC57ZLbCt6oUbD',
};

test('secret URIs give the accounts that other software gives', async () => {
  for (const [uri, address] of Object.entries(ACCOUNTS)) {
    assert.equal(accountAddress((await signerFromUri(uri)).publicKey), address, uri);
  }
});

test('a bad secret is refused without repeating it', async () => {
  for (const secret of ['correct horse battery staple', '0x1234', `0x${'zz'.repeat(32)}`]) {
    await assert.rejects(signerFromUri(secret), (error) => error instanceof Error && !error.message.includes(secret));
  }
});
