// Single requests to a provider.

import { MAX_FRAME_LENGTH } from '../frame.js';
import { FrameError, ProviderError, WrongSegmentError, type Peer } from '../errors.js';
import { linked } from '../waiting.js';

/** The longest JSON answer that is read, in bytes: 1000 ranges need about 40 KiB. */
const MAX_JSON = 256 << 10;

/** How requests are made. */
export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Limit for one request, body included, in milliseconds. */
  timeout: number;
}

/** What a daemon has of a file. */
export interface FileStatus {
  readonly file: string;
  readonly root: string;
  readonly size: number;
  /** How many segments the file has. */
  readonly segments: number;
  /** How many of them are there. */
  readonly have: number;
  readonly complete: boolean;
  /** Ranges of segments that are missing, first and last included; at most 1000 ranges. */
  readonly missing: readonly (readonly [number, number])[];
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** What the daemon has of a file; `undefined` when it has no deal for it. */
export async function fileStatus(peer: Peer, file: string, options: RequestOptions): Promise<FileStatus | undefined> {
  const answer = await send(peer, `files/${file}`, {}, MAX_JSON, options);
  if (answer.status !== 200) {
    const error = refused(peer, answer);
    // Anything may answer 404; only the daemon knows this code.
    if (error.status === 404 && error.refusal === 'unknown_file') return undefined;
    throw error;
  }
  const status = json(answer.body);
  if (!isStatus(status)) throw new ProviderError('bad_answer', peer, 'gives an answer that is no state of a file');
  return status;
}

/** The frame of a segment, not verified. */
export async function getSegment(
  peer: Peer,
  file: string,
  index: number,
  options: RequestOptions,
): Promise<Uint8Array> {
  const sent = send(peer, `files/${file}/segments/${index}`, {}, MAX_FRAME_LENGTH, options);
  const answer = await sent.catch((error: unknown) => {
    if (!(error instanceof ProviderError && error.code === 'bad_answer')) throw error;
    const fault = new FrameError(`the answer is longer than the longest frame, which has ${MAX_FRAME_LENGTH} bytes`);
    throw new WrongSegmentError(peer, index, fault);
  });
  if (answer.status !== 200) throw refused(peer, answer);
  return answer.body;
}

/** Sends the frame of a segment and waits until the provider has it durably. */
export async function putSegment(
  peer: Peer,
  file: string,
  index: number,
  frame: Uint8Array<ArrayBuffer>,
  authorization: string,
  options: RequestOptions,
): Promise<void> {
  const init: RequestInit = {
    method: 'PUT',
    headers: { Authorization: authorization, 'Content-Type': 'application/octet-stream' },
    body: frame,
  };
  const answer = await send(peer, `files/${file}/segments/${index}`, init, MAX_JSON, options);
  if (answer.status !== 204) throw refused(peer, answer);
}

/** Makes a request and reads the answer, up to `limit` bytes of it. */
async function send(
  peer: Peer,
  path: string,
  init: RequestInit,
  limit: number,
  { signal, timeout }: RequestOptions,
): Promise<Answer> {
  const url = address(peer, path);
  signal?.throwIfAborted();
  const { controller, release } = linked(signal);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, timeout);
  try {
    const response = await fetch(url, {
      ...init,
      signal: controller.signal,
      // An endpoint is what was announced on chain and nothing it points to.
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
    return { status: response.status, body: await body(peer, response, limit) };
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (cause instanceof ProviderError) throw cause;
    const reason = isLate ? `no answer within ${timeout / 1000} s` : innermost(cause);
    throw new ProviderError('unreachable', peer, `does not answer: ${reason}`, undefined, undefined, { cause });
  } finally {
    clearTimeout(timer);
    release();
    // Whatever of the answer was not read is not wanted.
    controller.abort();
  }
}

/** Where a path of a provider's interface is. Of an endpoint, what comes behind `#` pins a key and is not sent. */
export function address(peer: Peer, path: string): string {
  let url: URL;
  try {
    url = new URL(peer.endpoint);
  } catch {
    throw new ProviderError('bad_endpoint', peer, 'has an endpoint that is no address: expected http://host:port');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ProviderError('bad_endpoint', peer, `has an endpoint of scheme ${url.protocol} expected http: or https:`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}/v1/${path}`;
}

async function body(peer: Peer, response: Response, limit: number): Promise<Uint8Array> {
  const tooLong = () => new ProviderError('bad_answer', peer, `gives an answer longer than ${limit} bytes`);
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > limit) throw tooLong();
  if (!response.body) return new Uint8Array();
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) throw tooLong();
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function refused(peer: Peer, { status, body }: Answer): ProviderError {
  const answer = json(body) as { error?: { code?: unknown; message?: unknown } } | undefined;
  const code = clean(answer?.error?.code) ?? 'unknown';
  const message = clean(answer?.error?.message) ?? 'no reason given';
  return new ProviderError('refused', peer, `answers ${status} ${code}: ${message}`, status, code);
}

/** What a provider says goes to people's screens. */
export function clean(text: unknown): string | undefined {
  return typeof text === 'string' ? text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').slice(0, 300) : undefined;
}

function json(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is FileStatus {
  if (typeof value !== 'object' || value === null) return false;
  const status = value as Record<keyof FileStatus, unknown>;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  return (
    typeof status.file === 'string' &&
    typeof status.root === 'string' &&
    [status.size, status.segments, status.have].every(isCount) &&
    typeof status.complete === 'boolean' &&
    Array.isArray(status.missing) &&
    status.missing.every((range) => Array.isArray(range) && range.length === 2 && range.every(isCount))
  );
}

/** The innermost cause says what happened; the outer ones say "fetch failed". */
export function innermost(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause) cause = cause.cause;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
