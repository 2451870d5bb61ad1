// A streamed answer: each piece at once, its end when its receipt is checked.

import { FormatError, ProviderError, UsageError } from '../errors.js';
import { receiptFromText } from './encoding.js';
import type { WrongAnswerError } from './errors.js';
import { errorOf } from './exchange.js';
import { ResponseHasher } from './hashing.js';
import { askedBy } from './lane.js';
import { readPiece, type ChatChunk } from './openai.js';
import { checkStream, ReceiptError } from './receipt.js';
import { Events } from './sse.js';
import type { Sent } from './terms.js';
import type { SignedReceipt, Usage } from './types.js';

/** What becomes of the lane. */
export interface StreamEnd {
  settled(signed: SignedReceipt): Promise<void>;
  caught(fault: ReceiptError): Promise<WrongAnswerError>;
  left(): void;
}

/** The pieces of an answer. What came of one that ends with an error is not what a receipt binds. */
export class ChatStream implements AsyncIterable<ChatChunk> {
  readonly #sent: Sent;
  readonly #genesis: string;
  readonly #end: StreamEnd;
  readonly #abort: () => void;
  readonly #response = new ResponseHasher(200);
  #isBegun = false;
  #isOver = false;
  /** Why the stream was given up, if it was. */
  #given: { reason: unknown } | undefined;
  #hasAnswer = false;
  #isDone = false;
  #error: unknown;
  /** What the answer says that it used. */
  usage: Usage | undefined;
  /** The receipt, once the stream has ended without an error. */
  receipt: SignedReceipt | undefined;

  constructor(sent: Sent, genesis: string, end: StreamEnd) {
    this.#sent = sent;
    this.#genesis = genesis;
    this.#end = end;
    // Also when nobody reads: the lane must not stay taken.
    const { signal } = sent;
    this.#abort = () => this.#giveUp(signal?.reason);
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  /** How far the answer is checked, in words to show beside it. */
  get verification(): string {
    return this.#sent.terms.verification;
  }

  /** Stops the provider and pays for what was done until now. Whoever reads the stream gets an `AbortError`. */
  cancel(): void {
    this.#giveUp(new DOMException('the stream was cancelled', 'AbortError'));
  }

  #giveUp(reason: unknown): void {
    if (this.#isOver) return;
    this.#given = { reason };
    this.#leave();
  }

  /** All that the first of the answers says. */
  async text(): Promise<string> {
    let text = '';
    for await (const { choices } of this) {
      for (const { index = 0, delta } of choices) if (index === 0) text += delta?.content ?? '';
    }
    return text;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatChunk, void, undefined> {
    if (this.#isBegun) throw new UsageError('the stream is read already: expected one reader');
    this.#isBegun = true;
    try {
      const events = new Events();
      for (;;) {
        let event = events.next();
        while (!event) {
          const chunk = await this.#sent.exchange.next();
          if (!chunk) throw this.#failed('no_receipt', 'ends its stream without a receipt');
          events.push(chunk);
          event = events.next();
        }
        // What came meanwhile is another's to ask for.
        if (this.#given) throw this.#given.reason;
        if (event.isReceipt) return await this.#finish(event.data ?? '');
        this.#response.update(event.raw);
        const piece = readPiece(event.data ?? '');
        this.usage = piece.usage ?? this.usage;
        this.#hasAnswer ||= piece.hasChoices;
        if (piece.isError) this.#error ??= piece.json;
        // Behind the last piece nothing of an answer comes, and the piece with the usage alone is told by `usage`.
        if (event.isDone) this.#isDone = true;
        else if (piece.hasChoices && !this.#isDone) yield piece.json as ChatChunk;
      }
    } catch (error) {
      if (this.#given) throw this.#given.reason;
      if (!(error instanceof FormatError)) throw error;
      throw new ProviderError('bad_answer', this.#sent.terms.peer, `gives a stream that is none: ${error.message}`);
    } finally {
      // A reader that goes away, and whatever was thrown.
      this.#leave();
    }
  }

  async #finish(text: string): Promise<void> {
    let signed: SignedReceipt;
    try {
      signed = receiptFromText(text);
      checkStream(askedBy(this.#sent.pending, this.#genesis), signed, this.#response, this.usage, this.#hasAnswer);
    } catch (error) {
      if (!(error instanceof ReceiptError)) throw error;
      this.#over();
      throw await this.#end.caught(error);
    }
    this.#over();
    await this.#end.settled(signed);
    if (this.#error !== undefined) {
      const { code, message } = errorOf(this.#error);
      throw this.#failed('broke_off', `ends its answer with an error, ${code}: ${message}`);
    }
    if (!this.#isDone) throw this.#failed('broke_off', 'ends its answer before it is complete');
    this.receipt = signed;
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#over();
    this.#end.left();
  }

  #over(): void {
    this.#isOver = true;
    this.#sent.signal?.removeEventListener('abort', this.#abort);
    this.#sent.exchange.close();
  }

  #failed(code: 'no_receipt' | 'broke_off', reason: string): ProviderError {
    return new ProviderError(code, this.#sent.terms.peer, reason);
  }
}
