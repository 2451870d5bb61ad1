// OpenAI's interface, as far as it says what a request costs: https://platform.openai.com/docs/api-reference

import { UsageError } from '../errors.js';
import type { Usage } from './types.js';

/** A route that is paid for, as it is hashed. */
export type Route = 'POST /v1/chat/completions' | 'POST /v1/embeddings';

export const CHAT: Route = 'POST /v1/chat/completions';
export const EMBEDDINGS: Route = 'POST /v1/embeddings';

/** A conversation, in OpenAI's form. Members that are not named here are sent as they are; a gateway refuses those that it does not list. */
export interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content?: unknown; readonly [member: string]: unknown }[];
  /** The service's model, if absent. */
  readonly model?: string;
  /** Tokens of each answer at most: what the request can cost follows from it. */
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  /** Answers, 1 to 16. */
  readonly n?: number | null;
  readonly [member: string]: unknown;
}

/** A whole answer to a conversation. */
export interface ChatCompletion {
  readonly choices: readonly {
    readonly index?: number;
    readonly message: { readonly role: string; readonly content: string | null; readonly [member: string]: unknown };
    readonly finish_reason?: string | null;
    readonly [member: string]: unknown;
  }[];
  readonly [member: string]: unknown;
}

/** A piece of a streamed answer. */
export interface ChatChunk {
  readonly choices: readonly {
    readonly index?: number;
    readonly delta?: { readonly content?: string | null; readonly [member: string]: unknown };
    readonly finish_reason?: string | null;
    readonly [member: string]: unknown;
  }[];
  readonly [member: string]: unknown;
}

/** Texts to be turned into vectors. */
export interface EmbeddingsRequest {
  readonly input: unknown;
  readonly model?: string;
  readonly [member: string]: unknown;
}

/** Their vectors. */
export interface Embeddings {
  readonly data: readonly { readonly index?: number; readonly embedding: readonly number[] | string; readonly [member: string]: unknown }[];
  readonly [member: string]: unknown;
}

/** What a request says about its cost. */
export interface Limits {
  readonly choices: bigint;
  /** Tokens of each answer at most, if it says so. */
  readonly maxTokens: bigint | undefined;
}

/** The most answers that one request may ask for. */
const MAX_CHOICES = 16;

/** @throws {UsageError} for limits that a gateway would refuse. */
export function chatLimits(request: ChatRequest): Limits {
  const number = (name: string, most: number): number | undefined => {
    const value = request[name] ?? undefined;
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > most) {
      throw new UsageError(`${name}: expected a whole number from 1 to ${most}, found ${String(value)}`);
    }
    return value as number;
  };
  const given = [number('max_completion_tokens', Number.MAX_SAFE_INTEGER), number('max_tokens', Number.MAX_SAFE_INTEGER)];
  const numbers = given.filter((most) => most !== undefined);
  const choices = BigInt(number('n', MAX_CHOICES) ?? 1);
  return { choices, maxTokens: numbers.length > 0 ? BigInt(Math.min(...numbers)) : undefined };
}

/** What a piece of an answer, or the whole, says of itself. */
export interface Piece {
  readonly json: unknown;
  /** What it says that was used, if it does. */
  readonly usage: Usage | undefined;
  /** Whether there is something of an answer in it. */
  readonly hasChoices: boolean;
  readonly isError: boolean;
}

const NOTHING: Piece = { json: undefined, usage: undefined, hasChoices: false, isError: false };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a body, or the data of an event. What is no JSON object has nothing. */
export function readPiece(text: string): Piece {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return NOTHING;
  }
  if (!isObject(json)) return NOTHING;
  const { choices } = json;
  return {
    json,
    usage: readUsage(json['usage']),
    hasChoices: Array.isArray(choices) && choices.length > 0,
    isError: 'error' in json && !('choices' in json),
  };
}

/** A count that is missing is 0; one that is none makes the whole worth nothing, and what is charged for with it. */
function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const details = usage['prompt_tokens_details'] ?? {};
  if (!isObject(details) || usage['prompt_tokens'] === null) return undefined;
  const counts = [usage['prompt_tokens'] ?? 0, details['cached_tokens'] ?? 0, usage['completion_tokens'] ?? 0];
  if (!counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) return undefined;
  const [prompt, cached, output] = counts.map((count) => BigInt(count as number)) as [bigint, bigint, bigint];
  // More cached than there was is nonsense; then none was.
  if (cached > prompt) return { of: 'tokens', input: prompt, cached: 0n, output };
  return { of: 'tokens', input: prompt - cached, cached, output };
}
