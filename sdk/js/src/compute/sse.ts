// Server-sent events, cut out of a stream with every byte kept: https://html.spec.whatwg.org/multipage/server-sent-events.html

import { concat } from '../bytes.js';
import { FormatError } from '../errors.js';

/** The longest event, in bytes. */
const MAX_EVENT = 1 << 20;
/** The name of the event with the receipt of a stream, and of the header with that of an answer that is a whole. */
export const RECEIPT = 'noema-receipt';

const LF = 0x0a;
const CR = 0x0d;

/** One event with its bytes as they came, the blank line that ends it included. */
export class Event {
  readonly #lines: readonly string[];

  constructor(
    /** Every byte of it. */
    readonly raw: Uint8Array,
  ) {
    // A byte that is no UTF-8 changes no field that is read.
    const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(raw).split('\n');
    this.#lines = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  #fields(name: string): string[] {
    return this.#lines.flatMap((line) => {
      if (!line.startsWith(name)) return [];
      const value = line.slice(name.length);
      if (value === '') return [value];
      if (!value.startsWith(':')) return [];
      return [value.startsWith(': ') ? value.slice(2) : value.slice(1)];
    });
  }

  /** Whether it carries a receipt: whatever else it says, one of its lines names it so. */
  get isReceipt(): boolean {
    return this.#fields('event').includes(RECEIPT);
  }

  /** Its data, lines joined; `undefined` when it has none, as comments have. */
  get data(): string | undefined {
    const lines = this.#fields('data');
    return lines.length > 0 ? lines.join('\n') : undefined;
  }

  /** Whether it says that the answer is complete, in OpenAI's way. */
  get isDone(): boolean {
    return this.data === '[DONE]';
  }
}

/** Cuts a stream into events. Lines end in LF or CRLF; a lone CR ends none. */
export class Events {
  #waiting: Uint8Array = new Uint8Array();
  /** How far was looked for the end of an event. */
  #looked = 0;

  /** Adds what came. */
  push(chunk: Uint8Array): void {
    this.#waiting = concat(this.#waiting, chunk);
  }

  /**
   * The next event that is complete, if there is one.
   *
   * @throws {FormatError} when there is none although enough for the longest waits.
   */
  next(): Event | undefined {
    for (;;) {
      const at = this.#waiting.indexOf(LF, this.#looked);
      if (at < 0) break;
      const isBlank = this.#isEmptyLine(this.#looked, at);
      this.#looked = at + 1;
      if (!isBlank) continue;
      const raw = this.#waiting.slice(0, at + 1);
      this.#waiting = this.#waiting.slice(at + 1);
      this.#looked = 0;
      if (raw.length > MAX_EVENT) throw tooLong();
      return new Event(raw);
    }
    if (this.#waiting.length > MAX_EVENT) throw tooLong();
    return undefined;
  }

  /** What is left when the stream has ended: an event without the blank line that would end it, or nothing. */
  get rest(): Uint8Array {
    return this.#waiting;
  }

  /** `#looked` is always the begin of a line. */
  #isEmptyLine(start: number, end: number): boolean {
    return start === end || (start + 1 === end && this.#waiting[start] === CR);
  }
}

const tooLong = () => new FormatError('stream of events', `an event has more than ${MAX_EVENT} bytes`);
