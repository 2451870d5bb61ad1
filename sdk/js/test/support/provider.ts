// A provider in this process: it speaks the interface of docs/design/storage-daemon.md over real connections and can be told to
// misbehave.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SEGMENT_SIZE, decodeFrame, encodeFrame, type Peer } from '@noema/sdk';
import type { Sample } from './content.js';

/** What comes instead of an answer. */
export type Behaviour = (request: { method: string; index: number; times: number }) => Reply | undefined;
export type Reply =
  | { readonly status: number; readonly code?: string }
  /** The frame of a segment, changed. */
  | { readonly change: (frame: Uint8Array) => Uint8Array }
  /** No answer at all. */
  | 'silence';

export class TestProvider {
  readonly peer: Peer;
  /** Segments that it has. */
  readonly have: Map<number, Uint8Array> = new Map();
  /** Every request: method and index of the segment, or -1 for the state of the file. */
  readonly requests: { readonly method: string; readonly index: number }[] = [];
  /** The `Authorization` header of each upload. */
  readonly tokens: (string | undefined)[] = [];
  behave: Behaviour = () => undefined;
  readonly #sample: Sample;
  readonly #server: Server;

  private constructor(name: string, sample: Sample, server: Server) {
    this.#sample = sample;
    this.#server = server;
    this.peer = { provider: name, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** Starts a provider that has the whole file, or nothing of it. */
  static async start(name: string, sample: Sample, has: 'all' | 'nothing' = 'all'): Promise<TestProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const provider = new TestProvider(name, sample, server);
    if (has === 'all') {
      for (let index = 0; index < sample.commitment.shape.segments; index++) provider.have.set(index, frameOf(sample, index));
    }
    return provider;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** The segments of the requests with this method, in order. */
  asked(method: string): number[] {
    return this.requests.filter((request) => request.method === method && request.index >= 0).map(({ index }) => index);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    const body = await read(request);
    const [, file, number] = /^\/v1\/files\/([0-9a-f]{64})(?:\/segments\/(\d+))?$/.exec(request.url ?? '') ?? [];
    const index = number === undefined ? -1 : Number(number);
    this.requests.push({ method, index });
    const times = this.requests.filter((other) => other.method === method && other.index === index).length;
    const reply = this.behave({ method, index, times });
    if (reply === 'silence') return;
    if (reply && 'status' in reply) return refuse(response, reply.status, reply.code ?? 'unwilling');
    if (file !== this.#sample.file) return refuse(response, 404, 'unknown_file');
    if (index < 0) return void response.end(JSON.stringify(this.#status()));
    if (method === 'PUT') {
      this.tokens.push(request.headers.authorization);
      this.have.set(index, body);
      response.statusCode = 204;
      return void response.end();
    }
    const frame = this.have.get(index);
    if (!frame) return refuse(response, 404, 'segment_missing');
    response.end(reply ? reply.change(frame) : frame);
  }

  #status(): object {
    const { file, root, size, commitment } = this.#sample;
    const { segments } = commitment.shape;
    const missing = Array.from({ length: segments }, (_, index) => index).filter((index) => !this.have.has(index));
    return {
      file,
      root,
      size,
      segments,
      have: this.have.size,
      complete: missing.length === 0,
      missing: missing.map((index) => [index, index]),
    };
  }
}

/** The frame of a segment as an honest provider serves it. */
export function frameOf({ bytes, commitment }: Sample, index: number): Uint8Array {
  const data = new Uint8Array(commitment.shape.segmentLength(index));
  data.set(bytes.subarray(index * SEGMENT_SIZE, (index + 1) * SEGMENT_SIZE));
  return encodeFrame({ siblings: commitment.segmentSiblings(index), data });
}

/** Turns one bit of the data of a frame round. */
export function flipped(frame: Uint8Array): Uint8Array {
  const { siblings, data } = decodeFrame(frame);
  const other = data.slice();
  other[data.length >> 1] = (other[data.length >> 1] as number) ^ 1;
  return encodeFrame({ siblings, data: other });
}

async function read(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.statusCode = status;
  response.end(JSON.stringify({ error: { code, message: `it says ${code}` } }));
}
