// Buying answers: each request has a voucher, each answer a receipt that is checked before the answer is given.

import { NoemaError, ProviderError, UsageError, type Peer } from '../errors.js';
import { pause } from '../waiting.js';
import { receiptFromText, signVoucher, voucherToText } from './encoding.js';
import { LaneError, WrongAnswerError } from './errors.js';
import { errorOf, Exchange } from './exchange.js';
import { requestHash, ResponseHasher } from './hashing.js';
import { askedBy, begin, settle, stop, type Pending } from './lane.js';
import {
  CHAT,
  EMBEDDINGS,
  chatLimits,
  readPiece,
  type ChatCompletion,
  type ChatRequest,
  type Embeddings,
  type EmbeddingsRequest,
  type Limits,
  type Route,
} from './openai.js';
import { LanePool, type Lane } from './pool.js';
import { affordableOutput, ceiling, isAtMost, least } from './price.js';
import { checkReceipt, checkWhole, ReceiptError, type ResponseCheck } from './receipt.js';
import { RECEIPT } from './sse.js';
import { ChatStream } from './stream.js';
import type { Answer, BuyerOptions, Sent, Spending, Terms } from './terms.js';
import type { SignedReceipt } from './types.js';

/** The longest answer that is read as a whole, and the longest refusal, in bytes. */
const MAX_ANSWER = 32 << 20;
const MAX_REFUSAL = 64 << 10;
/** Pauses while a gateway works on a request whose receipt is asked for, in milliseconds. */
const BUSY_PAUSE = 500;

/** Buys answers by way of one session of a channel. Close it in the end. */
export class Buyer {
  readonly #read: (signal?: AbortSignal) => Promise<Terms>;
  readonly #options: BuyerOptions;
  readonly #fetch: typeof fetch;
  readonly #genesis: string;
  readonly #session: string;
  readonly #pool: LanePool;
  readonly #behind = new Set<Promise<void>>();
  #lie: string | undefined;

  private constructor(read: (signal?: AbortSignal) => Promise<Terms>, options: BuyerOptions, terms: Terms, pool: LanePool, lie?: string) {
    this.#read = read;
    this.#options = options;
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
    this.#genesis = terms.genesis;
    this.#session = sessionKey(terms);
    this.#pool = pool;
    this.#lie = lie;
  }

  /**
   * Begins with what the storage has of the session's lanes. `Noema.buyer` reads the terms from the chain; `read` gives them anew for each request.
   *
   * @throws {FormatError} when what the storage has is damaged.
   */
  static async open(read: (signal?: AbortSignal) => Promise<Terms>, options: BuyerOptions): Promise<Buyer> {
    const terms = await read();
    const session = sessionKey(terms);
    const pool = await LanePool.open(options.storage, session, terms.lanes, terms.redeemed);
    return new Buyer(read, options, terms, pool, await options.storage.get(`${session}/lie`));
  }

  /**
   * Has a conversation answered as a whole.
   *
   * @throws {WrongAnswerError | ProviderError | LaneError | UsageError | ChainError}
   */
  async chat(request: ChatRequest, { signal }: { signal?: AbortSignal } = {}): Promise<Answer<ChatCompletion>> {
    const { stream: _stream, stream_options: _options, ...whole } = request;
    const sent = await this.#send(CHAT, whole, chatLimits(request), signal);
    return this.#whole<ChatCompletion>(sent);
  }

  /**
   * Has a conversation answered piece by piece. The receipt is checked before the stream ends: one that ends without an error is paid for and good. Read it
   * to its end or cancel it; its lane is taken until then.
   */
  async streamChat(request: ChatRequest, { signal }: { signal?: AbortSignal } = {}): Promise<ChatStream> {
    const streamed = { ...request, stream: true, stream_options: { include_usage: true } };
    const sent = await this.#send(CHAT, streamed, chatLimits(request), signal);
    const isStream = sent.exchange.status === 200 && sent.exchange.header('content-type')?.startsWith('text/event-stream');
    if (!isStream) {
      await this.#whole(sent);
      throw new ProviderError('bad_answer', sent.terms.peer, 'answers as a whole: expected a stream of events');
    }
    return new ChatStream(sent, this.#genesis, {
      settled: (signed) => this.#settled(sent.lane, signed, 'matches'),
      caught: (fault) => this.#caught(sent.lane, sent.terms.peer, fault),
      left: () => this.#leave(sent.lane),
    });
  }

  /** Has texts turned into vectors. */
  async embeddings(request: EmbeddingsRequest, { signal }: { signal?: AbortSignal } = {}): Promise<Answer<Embeddings>> {
    const sent = await this.#send(EMBEDDINGS, request, { choices: 1n, maxTokens: 0n }, signal);
    return this.#whole<Embeddings>(sent);
  }

  /** What is owed and promised by now. */
  get spending(): Spending {
    const states = this.#pool.lanes.map(({ state }) => state);
    return {
      owed: states.reduce((sum, { owed }) => sum + owed, 0n),
      promised: states.reduce((sum, { pending }) => sum + (pending?.signed.voucher.maximum ?? 0n), 0n),
    };
  }

  /** The last receipts of each lane, the newest first: what a redemption that is too much is proven with. */
  get receipts(): readonly (readonly SignedReceipt[])[] {
    return this.#pool.lanes.map(({ state }) => state.receipts);
  }

  /** Waits for what is asked for behind requests that broke off, and asks for every receipt that is missing. What is promised in the end could not be had. */
  async settle({ signal }: { signal?: AbortSignal } = {}): Promise<Spending> {
    await Promise.all(this.#behind);
    const waiting = this.#pool.lanes.filter(({ isTaken, state }) => !isTaken && state.pending && !state.stopped);
    await Promise.all(
      waiting.map(async (lane) => {
        lane.isTaken = true;
        await this.#resolve(lane, signal).catch((failure: unknown) => (lane.failure = failure));
        this.#pool.give(lane);
      }),
    );
    signal?.throwIfAborted();
    return this.spending;
  }

  /** Waits for what is asked for behind requests that broke off. The storage stays open. */
  async close(): Promise<void> {
    await Promise.all(this.#behind);
  }

  /** Promises and sends. */
  async #send(route: Route, request: Readonly<Record<string, unknown>>, limits: Limits, signal?: AbortSignal): Promise<Sent> {
    signal?.throwIfAborted();
    if (this.#lie) throw new LaneError('lied', `the provider lied and is asked no more: ${this.#lie}; open a channel to another one`);
    const terms = await this.#read(signal);
    this.#agree(terms, request);
    const body = new TextEncoder().encode(JSON.stringify({ ...request, model: terms.model }));
    const { maximum, maxOutput } = this.#maximum(terms, BigInt(body.length), limits, route);
    const lane = await this.#pool.take((pending) => this.#resolve(pending, signal), signal);
    let pending: Pending;
    try {
      const { nonce, owed, expires } = lane.state;
      const voucher = {
        channel: terms.channel,
        session: terms.session,
        lane: lane.number,
        nonce: nonce + 1n,
        service: terms.service,
        paid: owed,
        maximum,
        request: requestHash(route, body),
        expires: terms.expires > expires ? terms.expires : expires,
        price: terms.price,
      };
      const signed = await signVoucher(this.#options.key, terms.genesis, voucher);
      pending = { signed, model: terms.model, serviceKey: terms.serviceKey, bodyBytes: BigInt(body.length), maxOutput };
      // Before it is sent, or a restart would sign another one for the same request.
      await this.#pool.change(lane, begin(lane.state, pending));
    } catch (error) {
      this.#pool.give(lane);
      throw error;
    }
    try {
      const path = route.slice('POST /v1/'.length);
      const exchange = await Exchange.begin(terms.peer, path, voucherToText(pending.signed), body, {
        signal,
        timeout: this.#options.timeout ?? 310_000,
        fetch: this.#fetch,
      });
      return { lane, pending, request: body, exchange, terms, signal };
    } catch (error) {
      this.#leave(lane);
      throw error;
    }
  }

  #agree(terms: Terms, request: Readonly<Record<string, unknown>>): void {
    const { maxPrice } = this.#options;
    if (terms.genesis !== this.#genesis || sessionKey(terms) !== this.#session) {
      throw new UsageError('the terms are of another session than those with which this buyer was opened');
    }
    if (terms.state !== 'open') throw new LaneError('no_lane', `channel ${terms.channel} is ${terms.state}: open another`);
    const model = request['model'] ?? terms.model;
    if (model !== terms.model) throw new UsageError(`model: the channel's service answers with ${terms.model}, not with ${String(model)}`);
    if (maxPrice && !isAtMost(terms.price, maxPrice)) {
      throw new UsageError('the price in force is above maxPrice in some part; raise it, or ask another service');
    }
  }

  /** What a request costs at most, and the output that this pays for. */
  #maximum(terms: Terms, bodyBytes: bigint, { choices, maxTokens }: Limits, route: Route): { maximum: bigint; maxOutput: bigint } {
    const { maxRequest = terms.perUse, defaultMaxTokens = 4096 } = this.#options;
    const most = least(terms.perUse, maxRequest);
    const output = (maxTokens ?? BigInt(defaultMaxTokens)) * choices;
    const asked = ceiling(terms.price, bodyBytes, output);
    // Where the request does not say how much it wants, it is answered with what may be spent.
    const maximum = maxTokens === undefined ? least(asked, most) : asked;
    const affordable = affordableOutput(terms.price, maximum, bodyBytes);
    const isTooLittle = affordable === undefined || (route === CHAT && affordable < choices);
    if (maximum > most || isTooLittle) {
      throw new UsageError(`the request can cost ${asked}, and one request may cost ${most}: ask for fewer tokens, or allow more`);
    }
    return { maximum, maxOutput: maxTokens === undefined ? affordable : output };
  }

  /** Takes an answer that comes as a whole. */
  async #whole<T>({ lane, pending, request, exchange, terms }: Sent): Promise<Answer<T>> {
    const { status } = exchange;
    const { peer } = terms;
    let bytes: Uint8Array;
    let signed: SignedReceipt;
    let check: ResponseCheck;
    let json: unknown;
    try {
      bytes = await exchange.whole(MAX_ANSWER);
      const piece = readPiece(new TextDecoder().decode(bytes));
      json = piece.json;
      signed = receiptIn(exchange, json, peer);
      const asked = askedBy(pending, this.#genesis);
      const response = new ResponseHasher(status);
      response.update(bytes);
      // The receipt of a request that was ended before it came binds no response.
      const isUnseen = status === 409 && signed.receipt.amount === 0n;
      check = isUnseen ? checkReceipt(asked, signed, undefined) : checkWhole(asked, signed, status, response, piece.usage);
    } catch (error) {
      if (error instanceof ReceiptError) throw await this.#caught(lane, peer, error);
      this.#leave(lane);
      throw error;
    } finally {
      exchange.close();
    }
    await this.#settled(lane, signed, check);
    if (status !== 200) throw refused(peer, status, json);
    if (json === undefined) throw new ProviderError('bad_answer', peer, 'gives an answer that is no JSON object');
    return { body: json as T, bytes, receipt: signed, request, voucher: pending.signed, verification: terms.verification };
  }

  /** A request is over. */
  async #settled(lane: Lane, signed: SignedReceipt, check: ResponseCheck): Promise<void> {
    await this.#pool.note(lane, settle(lane.state, signed));
    this.#pool.give(lane);
    this.#options.onReceipt?.(signed, check);
  }

  /** A request is over, by a lie. */
  async #caught(lane: Lane, peer: Peer, fault: ReceiptError): Promise<WrongAnswerError> {
    const error = await this.#lied(lane, peer, fault);
    this.#pool.give(lane);
    return error;
  }

  /** A provider that lies is asked no more. */
  async #lied(lane: Lane, peer: Peer, fault: ReceiptError): Promise<WrongAnswerError> {
    this.#lie = fault.message;
    await this.#pool.note(lane, stop(lane.state, fault.message));
    await this.#options.storage.put(`${this.#session}/lie`, fault.message).catch((failure: unknown) => (lane.failure = failure));
    return new WrongAnswerError(peer, fault);
  }

  /** Nobody waits for the request any more: its receipt is asked for behind everything else, so that the lane goes on. */
  #leave(lane: Lane): void {
    const behind = this.#resolve(lane)
      .catch((failure: unknown) => void (lane.failure = failure))
      .finally(() => {
        this.#pool.give(lane);
        this.#behind.delete(behind);
      });
    this.#behind.add(behind);
  }

  /** Asks for the receipt of the voucher that is out on a lane. */
  async #resolve(lane: Lane, signal?: AbortSignal): Promise<void> {
    const { pending } = lane.state;
    if (!pending) return;
    const { peer } = await this.#read(signal);
    const until = Date.now() + (this.#options.receiptTimeout ?? 30_000);
    for (;;) {
      const timeout = Math.max(1, until - Date.now());
      const exchange = await Exchange.begin(peer, 'receipt', voucherToText(pending.signed), undefined, { signal, timeout, fetch: this.#fetch });
      let json: unknown;
      try {
        json = readPiece(new TextDecoder().decode(await exchange.whole(MAX_REFUSAL))).json;
        const signed = receiptIn(exchange, json, peer);
        const check = checkReceipt(askedBy(pending, this.#genesis), signed, undefined);
        await this.#pool.note(lane, settle(lane.state, signed));
        return this.#options.onReceipt?.(signed, check);
      } catch (error) {
        if (error instanceof ReceiptError) throw await this.#lied(lane, peer, error);
        if (!(error instanceof ProviderError) || error.status !== 409) throw error;
        if (error.refusal !== 'lane_busy') {
          const reason = `the gateway counts the lane otherwise (${error.refusal}); it holds one maximum at most`;
          await this.#pool.note(lane, stop(lane.state, reason));
          throw new LaneError('lane_stopped', `lane ${lane.number} is stopped: ${reason}`);
        }
        if (Date.now() + BUSY_PAUSE >= until) throw error;
      } finally {
        exchange.close();
      }
      await pause(BUSY_PAUSE, signal);
    }
  }
}

/** Names what the storage has of a session. */
const sessionKey = ({ genesis, channel, session }: Terms): string => `${genesis}/${channel}/${session}`;

/** The receipt that an answer's header has. */
function receiptIn(exchange: Exchange, json: unknown, peer: Peer): SignedReceipt {
  const text = exchange.header(RECEIPT);
  if (text === undefined) {
    if (exchange.status >= 400) throw refused(peer, exchange.status, json);
    throw new ProviderError('no_receipt', peer, `answers ${exchange.status} without a receipt`, exchange.status);
  }
  try {
    return receiptFromText(text);
  } catch (cause) {
    if (!(cause instanceof NoemaError)) throw cause;
    throw new ProviderError('no_receipt', peer, `gives a receipt that is none: ${cause.message}`, exchange.status, undefined, { cause });
  }
}

function refused(peer: Peer, status: number, json: unknown): ProviderError {
  const { code, message } = errorOf(json);
  return new ProviderError('refused', peer, `answers ${status} ${code}: ${message}`, status, code);
}
