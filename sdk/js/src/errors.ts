// Errors: every one has a class and a code; its message says what was expected, what was found and what to do.

/** What all errors of this library have in common. An aborted call rejects with the reason of its signal instead. */
export class NoemaError extends Error {
  /** The error's name for programs; it does not change when the message is reworded. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument that no call can work with. */
export class UsageError extends NoemaError {
  constructor(message: string) {
    super('usage', message);
  }
}

/** A file without bytes, or larger than a commitment or this chain takes. */
export class SizeError extends NoemaError {
  constructor(
    /** Bytes of the file. */
    readonly found: number,
    /** The most that is possible. */
    readonly max: number,
  ) {
    super(
      found === 0 ? 'empty' : 'too_large',
      found === 0
        ? 'the file is empty: expected at least 1 byte'
        : `the file has ${found} bytes: expected at most ${max}; split it`,
    );
  }
}

/** Bytes that do not belong to the file of a root. */
export class ProofError extends NoemaError {
  constructor(message: string) {
    super('wrong_proof', message);
  }
}

/** Bytes that are no segment frame. */
export class FrameError extends NoemaError {
  constructor(message: string) {
    super('bad_frame', message);
  }
}

/** Text or bytes that are no voucher, no receipt, no signature. */
export class FormatError extends NoemaError {
  constructor(what: string, reason: string) {
    super('bad_format', `not a ${what}: ${reason}`);
  }
}

/** A source that cannot be read, or is no longer what its root was computed of. */
export class SourceError extends NoemaError {
  constructor(code: 'unreadable' | 'source_changed', message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A provider by its account and where it answers. */
export interface Peer {
  /** SS58 address of the bonded account. */
  readonly provider: string;
  /** `http://host:port`, as announced on chain. */
  readonly endpoint: string;
}

/** A provider does not answer, refuses, or answers something that is none. */
export class ProviderError extends NoemaError {
  constructor(
    code: 'bad_endpoint' | 'unreachable' | 'refused' | 'bad_answer' | 'no_receipt' | 'broke_off',
    readonly peer: Peer,
    reason: string,
    /** HTTP status of a refusal. */
    readonly status?: number,
    /** The provider's own code of a refusal. */
    readonly refusal?: string,
    options?: ErrorOptions,
  ) {
    super(code, `provider ${peer.provider} at ${peer.endpoint} ${reason}`, options);
  }

  /** Whether the same request may work later. */
  get isPassing(): boolean {
    if (this.code === 'unreachable') return true;
    return this.code === 'refused' && [408, 429, 500, 502, 503, 504].includes(this.status ?? 0);
  }
}

/** A provider serves a segment that does not belong to the file. */
export class WrongSegmentError extends NoemaError {
  constructor(
    readonly peer: Peer,
    /** Index of the segment that was asked for. */
    readonly segment: number,
    override readonly cause: ProofError | FrameError,
  ) {
    super(
      'wrong_segment',
      `provider ${peer.provider} at ${peer.endpoint} served a wrong segment ${segment}: ${cause.message}`,
      { cause },
    );
  }
}

/** Nobody serves a segment. */
export class UnavailableError extends NoemaError {
  constructor(
    /** Index of the segment. */
    readonly segment: number,
    /** Who served something wrong, each once with its first fault. */
    readonly misbehaved: readonly WrongSegmentError[],
    /** Who failed, each once with its first error. */
    readonly failed: readonly ProviderError[],
  ) {
    const faults = [...misbehaved, ...failed].map(({ message }) => message).join('; ');
    super('unavailable', `no provider serves segment ${segment} of the file: ${faults || 'none is known'}`);
  }
}

/** Nothing of that id or root is on chain, or nobody holds it yet. */
export class NotFoundError extends NoemaError {
  constructor(code: 'not_found' | 'no_provider' | 'ambiguous', message: string) {
    super(code, message);
  }
}

/** The chain cannot be reached, or is not one of ours. */
export class ChainError extends NoemaError {
  constructor(code: 'chain' | 'other_chain', message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A transaction was refused or failed. */
export class TransactionError extends NoemaError {
  constructor(
    /** What the chain says: `Storage.NotEnoughProviders` for the error of a pallet. */
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super('transaction', message, options);
  }
}

/** A file cannot be put, for a reason that its message says. */
export class PutError extends NoemaError {
  constructor(
    code: 'not_enough_providers' | 'not_enough_funds' | 'replicas_differ' | 'upload_failed' | 'stalled' | 'deal_gone',
    message: string,
    /** What kept each provider from taking the file, the latest of each. */
    readonly failures: readonly NoemaError[] = [],
  ) {
    super(code, message);
  }
}
