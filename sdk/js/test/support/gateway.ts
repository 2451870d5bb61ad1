// A gateway in this process: it takes vouchers, answers in the form of docs/design/compute.md over real connections, gives receipts, and can be told to
// misbehave.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  cost,
  isVoucherBy,
  keyFromUri,
  receiptToText,
  requestHash,
  ResponseHasher,
  signReceipt,
  voucherFromText,
  type Key,
  type Price,
  type Receipt,
  type SignedReceipt,
  type SignedVoucher,
  type Terms,
  type Usage,
} from '@noema/sdk';
import { accountAddress } from '#dist/chain/chain.js';

export const GENESIS = `0x${'11'.repeat(32)}`;
export const PRICE: Price & { per: 'tokens' } = { per: 'tokens', input: 1_000_000n, cached: 100_000n, output: 2_000_000n };

/** What comes instead of an honest answer. */
export type Behaviour =
  | { readonly refuse: number; readonly code: string }
  /** The connection breaks: before the answer, or after so many words of a stream, which are charged. */
  | { readonly breakAfter: number }
  /** The receipt is changed, and signed; a hidden one is given only to those who ask for it. */
  | { readonly lie: (receipt: Receipt) => Receipt; readonly isHidden?: boolean }
  /** The answer is whole, and has no receipt. */
  | 'no receipt'
  /** The answer is begun when this resolves. */
  | { readonly wait: Promise<unknown> }
  /** An error, for nothing. */
  | 'fail'
  /** A stream that ends without `[DONE]`, with a receipt. */
  | 'incomplete';

interface Ledger {
  answered?: { voucher: string; receipt: string; nonce: bigint; cumulative: bigint };
  working?: string;
}

export const words = (count: number): string[] => Array.from({ length: count }, (_, i) => `word${i} `);
/** What a conversation uses, whose answer has so many words. */
export const used = (output: number): Usage => ({ of: 'tokens', input: 5n, cached: 2n, output: BigInt(output) });

export class TestGateway {
  readonly terms: Terms;
  /** Every request: path, and nonce and lane of its voucher. */
  readonly requests: { readonly path: string; readonly lane: number; readonly nonce: bigint }[] = [];
  /** The vouchers of requests that were worked on. */
  readonly vouchers: string[] = [];
  /** Told anew for each request that is paid for. */
  behave: () => Behaviour | undefined = () => undefined;
  /** What the receipt route says instead. */
  withhold: { status: number; code: string } | undefined;
  /** Requests at the same time, at most until now. */
  atOnce = 0;
  #now = 0;
  readonly #server: Server;
  readonly #key: Key;
  readonly #session: Key;
  readonly #lanes = new Map<number, Ledger>();

  private constructor(server: Server, key: Key, session: Key, lanes: number) {
    this.#server = server;
    this.#key = key;
    this.#session = session;
    const { port } = server.address() as AddressInfo;
    this.terms = {
      genesis: GENESIS,
      channel: 7n,
      session: 1,
      lanes,
      redeemed: [],
      perUse: 10_000n,
      state: 'open',
      service: 9n,
      serviceKey: accountAddress(key.publicKey),
      model: 'tiny/1',
      price: PRICE,
      peer: { provider: 'the provider', endpoint: `http://127.0.0.1:${port}` },
      verification: 'unverified',
      expires: 14_400n,
    };
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(lanes = 1): Promise<TestGateway> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestGateway(server, await keyFromUri('//Bob//receipts'), await keyFromUri('//Dave//session'), lanes);
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** What a lane owes by its last receipt. */
  owed(lane = 0): bigint {
    return this.#lanes.get(lane)?.answered?.cumulative ?? 0n;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    // Pages of any origin may ask.
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'retry-after, noema-receipt, noema-verification');
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Headers', 'content-type, noema-voucher');
      return void response.end();
    }
    const text = String(request.headers['noema-voucher']);
    const body = await read(request);
    let signed: SignedVoucher;
    try {
      signed = voucherFromText(text);
    } catch {
      return refuse(response, 402, 'voucher_malformed');
    }
    const { voucher } = signed;
    this.requests.push({ path, lane: voucher.lane, nonce: voucher.nonce });
    if (!isVoucherBy(signed, this.#session.publicKey, GENESIS)) return refuse(response, 402, 'bad_signature');
    const lane = this.#lanes.get(voucher.lane) ?? {};
    this.#lanes.set(voucher.lane, lane);
    const isAnswered = lane.answered?.voucher === text;
    const isNext = voucher.nonce === (lane.answered?.nonce ?? 0n) + 1n && voucher.paid === (lane.answered?.cumulative ?? 0n);
    if (path === '/v1/receipt') {
      if (this.withhold) return refuse(response, this.withhold.status, this.withhold.code);
      if (lane.working) return refuse(response, 409, 'lane_busy');
      if (!isAnswered && !isNext) return refuse(response, 409, 'wrong_nonce');
      if (!isAnswered) await this.#end(lane, text, signed, undefined, { of: 'tokens', input: 0n, cached: 0n, output: 0n });
      response.setHeader('noema-receipt', lane.answered?.receipt as string);
      return void response.end('{"object":"receipt"}');
    }
    if (requestHash(`POST ${path}`, body) !== voucher.request) return refuse(response, 402, 'wrong_request');
    if (request.headers['content-type'] !== 'application/json') return refuse(response, 400, 'content_type');
    if (lane.working || !isNext) return refuse(response, 409, lane.working ? 'lane_busy' : 'wrong_nonce');
    const behaviour = this.behave();
    if (typeof behaviour === 'object' && 'refuse' in behaviour) return refuse(response, behaviour.refuse, behaviour.code);
    lane.working = text;
    this.vouchers.push(text);
    this.#now += 1;
    this.atOnce = Math.max(this.atOnce, this.#now);
    try {
      if (typeof behaviour === 'object' && 'wait' in behaviour) await behaviour.wait;
      await this.#work(lane, text, signed, path, JSON.parse(body.toString()), response, behaviour);
    } finally {
      this.#now -= 1;
      delete lane.working;
    }
  }

  async #work(
    lane: Ledger,
    text: string,
    signed: SignedVoucher,
    path: string,
    json: { stream?: boolean; max_tokens?: number },
    response: ServerResponse,
    behaviour: Behaviour | undefined,
  ): Promise<void> {
    const output = path === '/v1/embeddings' ? 0 : (json.max_tokens ?? 6);
    const usage = { prompt_tokens: 7, completion_tokens: output, prompt_tokens_details: { cached_tokens: 2 } };
    const lie = typeof behaviour === 'object' && 'lie' in behaviour ? behaviour.lie : (receipt: Receipt) => receipt;
    const isHidden = behaviour === 'no receipt' || (typeof behaviour === 'object' && 'lie' in behaviour && behaviour.isHidden);
    const breakAfter = typeof behaviour === 'object' && 'breakAfter' in behaviour ? behaviour.breakAfter : undefined;
    if (!json.stream) {
      if (breakAfter !== undefined) return void response.destroy();
      const isFailure = behaviour === 'fail';
      const answer =
        path === '/v1/embeddings'
          ? { data: [{ index: 0, embedding: [0.5] }], usage }
          : { choices: [{ index: 0, message: { role: 'assistant', content: words(output).join('') } }], usage };
      const body = JSON.stringify(isFailure ? { error: { code: 'engine', message: 'it does not work' } } : answer);
      response.statusCode = isFailure ? 502 : 200;
      const hasher = new ResponseHasher(response.statusCode);
      hasher.update(Buffer.from(body));
      const receipt = await this.#end(lane, text, signed, hasher, used(isFailure ? 0 : output), isFailure ? nothing(signed) : lie);
      if (!isHidden) response.setHeader('noema-receipt', receiptToText(receipt));
      return void response.end(body);
    }
    response.setHeader('content-type', 'text/event-stream');
    const hasher = new ResponseHasher(200);
    const write = (event: string) => {
      hasher.update(Buffer.from(event));
      response.write(event);
    };
    let written = 0;
    const gone = new Promise<void>((resolve) => response.on('close', resolve));
    for (const word of words(output)) {
      if (written === breakAfter || response.destroyed) {
        await this.#end(lane, text, signed, hasher, used(written));
        return void response.destroy();
      }
      written += 1;
      write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`);
      // One piece after the other, as an engine writes them.
      await Promise.race([gone, new Promise((resolve) => setImmediate(resolve))]);
    }
    write(': a comment\n\n');
    write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
    if (behaviour !== 'incomplete') write('data: [DONE]\n\n');
    const receipt = await this.#end(lane, text, signed, hasher, used(output), lie);
    if (isHidden) return void response.end();
    response.end(`event: noema-receipt\ndata: ${receiptToText(receipt)}\n\n`);
  }

  /** Signs the receipt of a request, and keeps it. */
  async #end(
    lane: Ledger,
    text: string,
    { voucher }: SignedVoucher,
    hasher: ResponseHasher | undefined,
    usage: Usage,
    lie = (receipt: Receipt) => receipt,
  ): Promise<SignedReceipt> {
    const exact = cost(voucher.price, usage);
    const amount = exact < voucher.maximum ? exact : voucher.maximum;
    const { channel, session, nonce, service, request, price, paid } = voucher;
    const receipt = await signReceipt(this.#key, GENESIS, lie({
      channel,
      session,
      lane: voucher.lane,
      nonce,
      service,
      request,
      response: hasher?.finish() ?? `0x${'00'.repeat(32)}`,
      responseBytes: hasher?.length ?? 0n,
      model: 'tiny/1',
      usage,
      price,
      amount,
      cumulative: paid + amount,
      time: 1_764_500_000_000n,
    }));
    lane.answered = { voucher: text, receipt: receiptToText(receipt), nonce, cumulative: receipt.receipt.cumulative };
    return receipt;
  }
}

/** Charges nothing. */
const nothing = ({ voucher }: SignedVoucher) => (receipt: Receipt): Receipt => ({
  ...receipt,
  usage: { of: 'tokens', input: 0n, cached: 0n, output: 0n },
  amount: 0n,
  cumulative: voucher.paid,
});

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.statusCode = status;
  response.end(JSON.stringify({ error: { code, message: `it says ${code}` } }));
}
