// gRPC as its own library speaks it (`@grpc/grpc-js`), against a gateway of data availability, by the interface of 0G's disperser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { disperser } from './environment.mjs';
import { seededBytes } from './seeded-bytes.mjs';

const PROTO = fileURLToPath(new URL('../../services/da/proto/disperser.proto', import.meta.url));
/** How long a blob may take to become available. */
const PATIENCE = 120_000;

let client;

before(() => {
  const definition = protoLoader.loadSync(PROTO, { keepCase: true, enums: String, longs: String, defaults: true });
  const { Disperser } = grpc.loadPackageDefinition(definition).disperser;
  client = new Disperser(disperser(), grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
});
after(() => client?.close());

const call = (method, message) =>
  new Promise((resolve, reject) => {
    client[method](message, (error, reply) => (error ? reject(error) : resolve(reply)));
  });

async function finalized(id) {
  for (const end = Date.now() + PATIENCE; ; await pause(200)) {
    const reply = await call('GetBlobStatus', { request_id: id });
    if (reply.status === 'FINALIZED') return reply.info.blob_header;
    assert.equal(reply.status, 'PROCESSING');
    assert.ok(Date.now() < end, 'the blob does not become available');
  }
}

test('blobs are dispersed, followed and retrieved', { timeout: 2 * PATIENCE }, async () => {
  for (const size of [1, 5_000, 1_500_000]) {
    const data = Buffer.from(seededBytes(`disperser ${size}`, size));
    const taken = await call('DisperseBlob', { data });
    assert.equal(taken.result, 'PROCESSING');
    assert.ok(taken.request_id.length > 0);
    const header = await finalized(taken.request_id);
    assert.equal(header.storage_root.length, 32);
    const found = await call('RetrieveBlob', header);
    assert.ok(data.equals(found.data), `${size} bytes come back`);
    const other = { ...header, storage_root: Buffer.alloc(32) };
    await assert.rejects(call('RetrieveBlob', other), { code: grpc.status.NOT_FOUND });
  }
});

test('what makes no sense is refused with its code', async () => {
  await assert.rejects(call('DisperseBlob', { data: Buffer.alloc(0) }), { code: grpc.status.INVALID_ARGUMENT });
  await assert.rejects(call('GetBlobStatus', { request_id: Buffer.from('?') }), { code: grpc.status.INVALID_ARGUMENT });
  await assert.rejects(call('GetBlobStatus', { request_id: Buffer.from('0'.repeat(32)) }), { code: grpc.status.NOT_FOUND });
});
