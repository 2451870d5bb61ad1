// What keeps a buyer from an answer, beside what `../errors.js` and `./receipt.js` have.

import { NoemaError, type Peer } from '../errors.js';
import type { ReceiptError } from './receipt.js';

/** A provider gave a receipt that is not good. It is asked no more; the lane holds one maximum at most. */
export class WrongAnswerError extends NoemaError {
  constructor(
    readonly peer: Peer,
    override readonly cause: ReceiptError,
  ) {
    super('wrong_answer', `provider ${peer.provider} at ${peer.endpoint} gave an answer that is not good: ${cause.message}`, { cause });
  }
}

/** A channel on which nothing can be sent: `no_lane` when each of its lanes is stopped or waits for a receipt, `lied` when its provider has. */
export class LaneError extends NoemaError {
  constructor(code: 'no_lane' | 'lied' | 'lane_stopped', message: string) {
    super(code, message);
  }
}
