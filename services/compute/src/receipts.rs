//! Whether an answer is good: the client library. It recomputes everything that a receipt says and calls nothing good that it could not.
//!
//! Whole answers: [`check_whole`]. Streams: feed [`crate::sse::Events`] into [`StreamCheck`]. An answer that did not arrive: [`check_unseen`].

use noema_chain_client::AccountId;
use noema_compute_engine::form::{FormError, Reading, Terms};
use noema_compute_primitives::{
    Agreed, Hash, ModelName, ReceiptFault, Received, ResponseCheck, ResponseHasher, Usage, Voucher,
};

use crate::{bounds::input_bound, SignedReceipt};

/// What a buyer knows of a request before the answer.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it signed.
    pub voucher: Voucher,
    /// The model that it asked for.
    pub model: ModelName,
    /// The key that the channel froze.
    pub key: AccountId,
    /// The chain.
    pub genesis: Hash,
    /// Bytes of the request's body.
    pub body_bytes: u64,
    /// Tokens of output that the request allowed in all, if it said so; units, for what is counted in those.
    pub max_output: Option<u64>,
}

/// Why an answer is not good. All of these name the provider as the one who is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// Somebody else signed the receipt.
    #[error("the receipt is not signed by {expected}, the key that the channel froze")]
    Signature {
        /// The key of the channel.
        expected: AccountId,
    },
    /// The receipt says something else than the buyer knows.
    #[error(transparent)]
    Receipt(#[from] ReceiptFault),
    /// The receipt charges more than the answer itself says that it used.
    #[error("the receipt charges {charged:?}; the answer says {said:?}")]
    Usage {
        /// In the receipt.
        charged: Usage,
        /// In the answer.
        said: Usage,
    },
    /// The receipt charges for something that is no answer.
    #[error("the receipt charges {amount} for an answer with status {status}; expected 0 for what is none")]
    Charged {
        /// In the receipt.
        amount: u128,
        /// Of the response.
        status: u16,
    },
    /// The receipt charges for a stream in which nothing of an answer came.
    #[error("the receipt charges {amount} for a stream without an answer; expected 0")]
    NoAnswer {
        /// In the receipt.
        amount: u128,
    },
    /// The answer does not say what it used, so that nobody could see whether the receipt charges that.
    #[error("the answer has no usage; expected one in every answer that costs something")]
    NoUsage,
    /// More input than the request can have.
    #[error("the receipt charges {found} tokens of input; the request has at most {bound}")]
    Input {
        /// In the receipt, cached ones included.
        found: u64,
        /// What the bytes of the request allow.
        bound: u64,
    },
    /// More units than were allowed.
    #[error("the receipt charges {found} units; the request allowed {allowed}")]
    Units {
        /// In the receipt.
        found: u64,
        /// What the request allowed.
        allowed: u64,
    },
    /// An answer that cannot be true.
    #[error(transparent)]
    Form(#[from] FormError),
    /// More output than was allowed.
    #[error("the receipt charges {found} tokens of output; the request allowed {allowed}")]
    Output {
        /// In the receipt.
        found: u64,
        /// What the request allowed.
        allowed: u64,
    },
}

/// A whole answer: status, body, and the usage that the body tells, if it does. Only one with status 200 that tells its usage may cost anything.
pub fn check_whole(
    asked: &Asked,
    signed: &SignedReceipt,
    status: u16,
    body: &[u8],
    said: Option<Usage>,
) -> Result<ResponseCheck, AnswerFault> {
    let mut hasher = ResponseHasher::new(status);
    hasher.update(body);
    let good = check(asked, signed, Some(&hasher), said)?;
    match signed.receipt.amount {
        0 => Ok(good),
        amount if status != 200 => Err(AnswerFault::Charged { amount, status }),
        _ if said.is_none() => Err(AnswerFault::NoUsage),
        _ => Ok(good),
    }
}

/// A whole answer to a job: as [`check_whole`], with what the answer itself says read and held against the order.
///
/// # Errors
/// As there, and when an answer that is charged for cannot be true.
pub fn check_job(
    asked: &Asked,
    terms: Terms,
    signed: &SignedReceipt,
    status: u16,
    body: &[u8],
) -> Result<ResponseCheck, AnswerFault> {
    if status != 200 {
        return check_whole(asked, signed, status, body, None);
    }
    let mut reading = Reading::new(terms);
    let read = reading.whole(body);
    let said = reading.units().map(|units| Usage::Units { units });
    // Whoever did not send this body need not answer for it: first, whether the receipt binds it.
    let mut hasher = ResponseHasher::new(status);
    hasher.update(body);
    let good = check(asked, signed, Some(&hasher), said)?;
    read?;
    Ok(good)
}

/// A receipt whose answer did not arrive, or not all of it: payable, the response unverified.
pub fn check_unseen(asked: &Asked, signed: &SignedReceipt) -> Result<ResponseCheck, AnswerFault> {
    check(asked, signed, None, None)
}

/// Hashes an answer while it passes by.
#[derive(Clone, Debug)]
pub struct StreamCheck {
    hasher: ResponseHasher,
    said: Option<Usage>,
}

impl StreamCheck {
    /// Begins with the status.
    pub fn new(status: u16) -> Self {
        Self {
            hasher: ResponseHasher::new(status),
            said: None,
        }
    }

    /// The next event with every byte of it, and the usage that it tells. The event of the receipt is none.
    pub fn event(&mut self, raw: &[u8], said: Option<Usage>) {
        self.hasher.update(raw);
        self.said = said.or(self.said);
    }

    /// Whether the receipt binds what passed by.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn finish(
        &self,
        asked: &Asked,
        signed: &SignedReceipt,
    ) -> Result<ResponseCheck, AnswerFault> {
        check(asked, signed, Some(&self.hasher), self.said)
    }
}

fn check(
    asked: &Asked,
    signed: &SignedReceipt,
    response: Option<&ResponseHasher>,
    said: Option<Usage>,
) -> Result<ResponseCheck, AnswerFault> {
    let receipt = &signed.receipt;
    if !signed.is_by(&asked.key, &asked.genesis) {
        return Err(AnswerFault::Signature {
            expected: asked.key,
        });
    }
    let hash = response.map(ResponseHasher::finish);
    let received = hash.as_ref().zip(response).map(|(hash, hasher)| Received {
        hash,
        bytes: hasher.length(),
    });
    let good = receipt.check(&Agreed {
        voucher: &asked.voucher,
        response: received,
        model: &asked.model,
    })?;
    if let Some(said) = said.filter(|said| charges_more(&receipt.usage, said)) {
        return Err(AnswerFault::Usage {
            charged: receipt.usage,
            said,
        });
    }
    if let Usage::Units { units: found } = receipt.usage {
        if let Some(allowed) = asked.max_output.filter(|allowed| found > *allowed) {
            return Err(AnswerFault::Units { found, allowed });
        }
    }
    if let Usage::Tokens {
        input,
        cached,
        output,
    } = receipt.usage
    {
        let found = input.saturating_add(cached);
        let bound = input_bound(asked.body_bytes);
        if found > bound {
            return Err(AnswerFault::Input { found, bound });
        }
        if let Some(allowed) = asked.max_output.filter(|allowed| output > *allowed) {
            return Err(AnswerFault::Output {
                found: output,
                allowed,
            });
        }
    }
    Ok(good)
}

/// Whether a usage is more than another in any part: all of the input, what of it was not cached, the output, the units.
fn charges_more(charged: &Usage, said: &Usage) -> bool {
    match (*charged, *said) {
        (
            Usage::Tokens {
                input,
                cached,
                output,
            },
            Usage::Tokens {
                input: said_input,
                cached: said_cached,
                output: said_output,
            },
        ) => {
            let all = input.saturating_add(cached);
            input > said_input
                || all > said_input.saturating_add(said_cached)
                || output > said_output
        }
        (Usage::Units { units }, Usage::Units { units: said }) => units > said,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use noema_compute_primitives::{response_hash, Receipt};

    use super::*;
    use crate::samples;

    const BODY: &[u8] = br#"{"usage":1}"#;

    fn asked() -> Asked {
        Asked {
            voucher: samples::voucher(),
            model: b"tiny/1".to_vec().try_into().unwrap(),
            key: samples::key("Bob").account(),
            genesis: [7; 32],
            body_bytes: 100,
            max_output: Some(64),
        }
    }

    fn honest() -> Receipt {
        Receipt {
            response: response_hash(200, BODY),
            response_bytes: BODY.len() as u64,
            ..samples::receipt()
        }
    }

    fn judged(change: impl FnOnce(&mut Receipt)) -> Result<ResponseCheck, AnswerFault> {
        let mut receipt = honest();
        change(&mut receipt);
        let signed = SignedReceipt::sign(&samples::key("Bob"), &[7; 32], receipt);
        check_whole(&asked(), &signed, 200, BODY, Some(honest().usage))
    }

    /// Sets usage and what follows from it, as a liar does who can count.
    fn charge(receipt: &mut Receipt, usage: Usage) {
        receipt.usage = usage;
        receipt.amount = receipt
            .price
            .cost(&usage)
            .unwrap()
            .min(samples::voucher().maximum);
        receipt.cumulative = samples::voucher().paid + receipt.amount;
    }

    #[test]
    fn an_honest_answer_is_good() {
        assert_eq!(judged(|_| {}), Ok(ResponseCheck::Matches));
    }

    #[test]
    fn every_lie_of_a_receipt_is_found() {
        let lies: [fn(&mut Receipt); 12] = [
            |r| r.channel += 1,
            |r| r.session += 1,
            |r| r.lane += 1,
            |r| r.nonce += 1,
            |r| r.service += 1,
            |r| r.request[0] ^= 1,
            |r| r.response[31] ^= 1,
            |r| r.response_bytes += 1,
            |r| r.model = b"other".to_vec().try_into().unwrap(),
            |r| r.amount += 1,
            |r| r.cumulative += 1,
            |r| {
                charge(
                    r,
                    Usage::Tokens {
                        input: 10,
                        cached: 0,
                        output: 31,
                    },
                );
            },
        ];
        for (index, lie) in lies.into_iter().enumerate() {
            assert!(judged(lie).is_err(), "lie {index}");
        }
        assert!(judged(|r| r.price = noema_compute_primitives::Price::Units { unit: 1 }).is_err());
    }

    #[test]
    fn what_is_no_answer_or_tells_no_usage_costs_nothing() {
        let judged = |status, said, amount: bool| {
            let mut receipt = Receipt {
                response: response_hash(status, BODY),
                ..honest()
            };
            if !amount {
                let nothing = Usage::Tokens {
                    input: 0,
                    cached: 0,
                    output: 0,
                };
                charge(&mut receipt, nothing);
            }
            let signed = SignedReceipt::sign(&samples::key("Bob"), &[7; 32], receipt);
            check_whole(&asked(), &signed, status, BODY, said)
        };
        let said = Some(honest().usage);
        for status in [500, 429, 409, 400, 201] {
            let charged = judged(status, said, true);
            assert!(
                matches!(charged, Err(AnswerFault::Charged { status: found, .. }) if found == status)
            );
            assert_eq!(judged(status, None, false), Ok(ResponseCheck::Matches));
        }
        assert_eq!(judged(200, None, true), Err(AnswerFault::NoUsage));
        assert_eq!(judged(200, None, false), Ok(ResponseCheck::Matches));
        assert_eq!(judged(200, said, true), Ok(ResponseCheck::Matches));
    }

    #[test]
    fn usage_beyond_what_the_request_allows_is_found_without_the_answers_word() {
        let unseen = |usage| {
            let mut receipt = honest();
            charge(&mut receipt, usage);
            let signed = SignedReceipt::sign(&samples::key("Bob"), &[7; 32], receipt);
            check_unseen(&asked(), &signed)
        };
        let tokens = |input, cached, output| Usage::Tokens {
            input,
            cached,
            output,
        };
        assert_eq!(unseen(tokens(1100, 24, 64)), Ok(ResponseCheck::Unverified));
        assert_eq!(
            unseen(tokens(1101, 24, 64)),
            Err(AnswerFault::Input {
                found: 1125,
                bound: 1124
            })
        );
        assert_eq!(
            unseen(tokens(1, 0, 65)),
            Err(AnswerFault::Output {
                found: 65,
                allowed: 64
            })
        );
    }

    #[test]
    fn another_key_or_another_chain_is_found() {
        for (key, genesis) in [("Eve", [7; 32]), ("Bob", [8; 32])] {
            let signed = SignedReceipt::sign(&samples::key(key), &genesis, honest());
            let judged = check_whole(&asked(), &signed, 200, BODY, None);
            assert!(matches!(judged, Err(AnswerFault::Signature { .. })));
        }
    }

    #[test]
    fn units_beyond_what_the_order_allows_are_found_without_the_answers_word() {
        let price = noema_compute_primitives::Price::Units { unit: 2 };
        let voucher = Voucher {
            price,
            ..samples::voucher()
        };
        let asked = Asked {
            voucher,
            max_output: Some(4),
            ..asked()
        };
        let unseen = |units| {
            let mut receipt = Receipt { price, ..honest() };
            charge(&mut receipt, Usage::Units { units });
            let signed = SignedReceipt::sign(&samples::key("Bob"), &[7; 32], receipt);
            check_unseen(&asked, &signed)
        };
        assert_eq!(unseen(4), Ok(ResponseCheck::Unverified));
        let (found, allowed) = (5, 4);
        assert_eq!(unseen(5), Err(AnswerFault::Units { found, allowed }));
    }
}
