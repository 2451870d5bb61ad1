// Downloads from providers that answer, lie, fail and stay silent, over real connections.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import {
  NotFoundError,
  ProviderError,
  SEGMENT_SIZE,
  UnavailableError,
  UsageError,
  WrongSegmentError,
  download,
  type DownloadOptions,
} from '@noema/sdk';
import { sample } from './support/content.js';
import { TestProvider, flipped } from './support/provider.js';

const file = sample('download', 12 * SEGMENT_SIZE + 1000);
const SEGMENTS = 13;
const running: TestProvider[] = [];

async function start(count: number): Promise<TestProvider[]> {
  const started = await Promise.all(Array.from({ length: count }, (_, i) => TestProvider.start(`provider-${i}`, file)));
  running.push(...started);
  return started;
}
const stopAll = () => Promise.all(running.splice(0).map((provider) => provider.stop()));
afterEach(stopAll);
after(stopAll);

const from = (providers: TestProvider[], options?: DownloadOptions) =>
  download(file, providers.map(({ peer }) => peer), options);

test('a file comes whole, from all of its providers', async () => {
  const providers = await start(3);
  const seen: number[] = [];
  const loading = from(providers, { onProgress: ({ done, total }) => seen.push(done / total) });
  assert.deepEqual(await loading.bytes(), file.bytes);
  assert.equal(seen.length, SEGMENTS);
  assert.equal(seen.at(-1), 1);
  const { bytes, delivered, misbehaved, failed } = loading.report;
  assert.equal(bytes, file.size);
  assert.equal(delivered.length, 3);
  assert.equal(delivered.reduce((sum, { segments }) => sum + segments, 0), SEGMENTS);
  assert.deepEqual([misbehaved, failed], [[], []]);
});

test('it can be read as a stream, a blob and piece by piece, once', async () => {
  const providers = await start(2);
  const streamed = new Uint8Array(await new Response(from(providers).stream()).arrayBuffer());
  assert.deepEqual(streamed, file.bytes);
  const blob = await from(providers).blob('text/plain');
  assert.equal(blob.type, 'text/plain');
  assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), file.bytes);
  const loading = from(providers);
  await loading.bytes();
  await assert.rejects(loading.bytes(), UsageError);
});

test('a range fetches only the segments that it needs', async () => {
  const [provider] = (await start(1)) as [TestProvider];
  const ranges = [
    { start: 0, end: 1 },
    { start: 100, end: 100 },
    { start: SEGMENT_SIZE - 1, end: SEGMENT_SIZE + 1 },
    { start: 12 * SEGMENT_SIZE + 5 },
  ];
  const asked = [[0], [], [0, 1], [12]];
  for (const [i, range] of ranges.entries()) {
    provider.requests.length = 0;
    const got = await from([provider], { range }).bytes();
    assert.deepEqual(got, file.bytes.slice(range.start, range.end), JSON.stringify(range));
    assert.deepEqual(provider.asked('GET').sort(), asked[i]);
  }
  for (const range of [{ start: 5, end: 4 }, { start: 0, end: file.size + 1 }, { start: -1 }, { start: 0.5 }]) {
    assert.throws(() => from([provider], { range }), UsageError);
  }
});

test('a provider that lies is named and left, and the others serve', async () => {
  const ways: [string, (frame: Uint8Array) => Uint8Array][] = [
    ['a flipped bit', flipped],
    ['a short segment', (frame) => frame.subarray(0, frame.length - 256)],
    ['no frame', () => Uint8Array.of(7)],
    ['an endless frame', (frame) => Buffer.concat([frame, new Uint8Array(1 << 20)])],
    ['another proof', (frame) => frame.map((byte, i) => (i >= 2 && i < 34 ? byte ^ 1 : byte))],
  ];
  for (const [way, change] of ways) {
    const [liar, ...honest] = (await start(3)) as [TestProvider, ...TestProvider[]];
    liar.behave = () => ({ change });
    const faults: WrongSegmentError[] = [];
    const loading = from([liar, ...honest], { window: 1, onMisbehaviour: (fault) => faults.push(fault) });
    assert.deepEqual(await loading.bytes(), file.bytes, way);
    assert.deepEqual(loading.report.misbehaved, faults);
    const [fault, ...others] = faults as [WrongSegmentError];
    assert.deepEqual(others, [], way);
    assert.equal(fault.peer, liar.peer);
    assert.equal(fault.segment, 0);
    assert.match(fault.message, /^provider provider-0 at http:\S+ served a wrong segment 0: .*(expected|longest)/);
    assert.equal(liar.asked('GET').length, 1, `${way}: it is not asked again`);
    await stopAll();
  }
});

test('when all lie, the error names them all and no wrong byte comes out', async () => {
  const providers = await start(2);
  for (const provider of providers) provider.behave = ({ index }) => (index === 2 ? { change: flipped } : undefined);
  const pieces = from(providers)[Symbol.asyncIterator]();
  for (const index of [0, 1]) {
    const { value } = await pieces.next();
    assert.deepEqual(value, file.bytes.subarray(index * SEGMENT_SIZE, (index + 1) * SEGMENT_SIZE));
  }
  await assert.rejects(pieces.next(), (error) => {
    assert.ok(error instanceof UnavailableError);
    assert.equal(error.segment, 2);
    assert.deepEqual(new Set(error.misbehaved.map(({ peer }) => peer)), new Set(providers.map(({ peer }) => peer)));
    return /provider-0.*provider-1|provider-1.*provider-0/.test(error.message);
  });
});

test('without verification what is sent is handed over, and only if that is asked for', async () => {
  const [liar] = (await start(1)) as [TestProvider];
  liar.behave = () => ({ change: flipped });
  await assert.rejects(from([liar]).bytes(), UnavailableError);
  for (const verify of [undefined, null, 0] as unknown as boolean[]) {
    await assert.rejects(from([liar], { verify }).bytes(), UnavailableError, `${verify}`);
  }
  const believed = await from([liar], { verify: false }).bytes();
  assert.equal(believed.length, file.size);
  assert.notDeepEqual(believed, file.bytes);
});

test('a provider that is busy, away or without the segment is passed over', async () => {
  const [busy, away, honest] = (await start(3)) as [TestProvider, TestProvider, TestProvider];
  busy.behave = () => ({ status: 503, code: 'busy' });
  await away.stop();
  const loading = from([busy, away, honest], { window: 2 });
  assert.deepEqual(await loading.bytes(), file.bytes);
  const { failed } = loading.report;
  assert.deepEqual(failed.map(({ peer }) => peer.provider).sort(), ['provider-0', 'provider-1']);
  const refusal = failed.find(({ peer }) => peer === busy.peer) as ProviderError;
  assert.deepEqual([refusal.code, refusal.status, refusal.refusal], ['refused', 503, 'busy']);
  assert.equal(failed.find(({ peer }) => peer === away.peer)?.code, 'unreachable');
  assert.ok(busy.asked('GET').length < SEGMENTS, 'it is left after a few failures');
});

test('a provider that recovers is asked again', async () => {
  const [provider] = (await start(1)) as [TestProvider];
  provider.behave = ({ times }) => (times === 1 ? { status: 503 } : undefined);
  assert.deepEqual(await from([provider]).bytes(), file.bytes);
});

test('a provider that stays silent is left when its time is over', async () => {
  const [silent, honest] = (await start(2)) as [TestProvider, TestProvider];
  silent.behave = () => 'silence';
  const loading = from([silent, honest], { timeout: 200, window: 4 });
  assert.deepEqual(await loading.bytes(), file.bytes);
  assert.match(loading.report.failed[0]?.message ?? '', /provider-0 .* no answer within 0.2 s/);
});

test('nothing is fetched before it is read, and no more than the window ahead', async () => {
  const [provider] = (await start(1)) as [TestProvider];
  const reader = from([provider], { window: 3 }).stream().getReader();
  assert.deepEqual(provider.asked('GET'), []);
  await reader.read();
  await reader.read();
  // Whatever was started has been asked for once the third segment is there.
  const { value } = await reader.read();
  assert.deepEqual(value, file.bytes.subarray(2 * SEGMENT_SIZE, 3 * SEGMENT_SIZE));
  const asked = provider.asked('GET');
  assert.ok(asked.length <= 5, `expected at most 2 segments beyond the third, found ${asked}`);
  await reader.cancel();
  assert.ok(provider.asked('GET').length <= 5, 'nothing is fetched after the end');
});

test('an aborted download ends with the reason of its signal', async () => {
  const [provider] = (await start(1)) as [TestProvider];
  provider.behave = ({ index }) => (index === 3 ? 'silence' : undefined);
  const controller = new AbortController();
  const reason = new Error('changed my mind');
  const onProgress = ({ done }: { done: number }) => {
    if (done === 3 * SEGMENT_SIZE) setTimeout(() => controller.abort(reason), 0);
  };
  await assert.rejects(from([provider], { signal: controller.signal, onProgress }).bytes(), (error) => error === reason);
  await assert.rejects(from([provider], { signal: controller.signal }).bytes(), (error) => error === reason);
});

test('nobody to ask, and an endpoint that is none, are said', async () => {
  assert.throws(() => download(file, []), (error) => error instanceof NotFoundError && error.code === 'no_provider');
  const odd = { provider: 'odd', endpoint: 'ftp://x' };
  await assert.rejects(download(file, [odd], { rounds: 1 }).bytes(), /scheme ftp: expected http/);
});
