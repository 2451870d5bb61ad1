//! What a request used, by the engine's word or, without one, by what arrived.

use noema_compute_primitives::{Price, Usage};

use crate::{bounds::input_bound, openai::Piece};

/// Bytes of text for which a token is counted where the engine counts none.
const BYTES_PER_TOKEN: u64 = 4;

/// Counts an answer. No count is above what the request allows: what an engine does beyond that, or says so, is its operator's affair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    body_bytes: u64,
    max_output: u64,
    said: Option<Usage>,
    pieces: u64,
}

impl Meter {
    /// For a request of so many bytes that allows so many tokens of output.
    pub(crate) const fn new(body_bytes: u64, max_output: u64) -> Self {
        Self {
            body_bytes,
            max_output,
            said: None,
            pieces: 0,
        }
    }

    /// Counts a piece of a stream.
    pub(crate) fn piece(&mut self, piece: &Piece) {
        self.said = piece.usage.or(self.said);
        if piece.has_choices {
            self.pieces = self.pieces.saturating_add(1);
        }
    }

    /// What a stream used as far as it came.
    pub(crate) fn streamed(&self) -> Usage {
        self.allowed(self.said.unwrap_or(Usage::Tokens {
            input: self.input(),
            cached: 0,
            output: self.pieces,
        }))
    }

    /// What a whole answer of so many bytes used.
    pub(crate) fn whole(&self, said: Option<Usage>, answer_bytes: u64) -> Usage {
        self.allowed(said.unwrap_or(Usage::Tokens {
            input: self.input(),
            cached: 0,
            output: answer_bytes.div_ceil(BYTES_PER_TOKEN),
        }))
    }

    fn allowed(&self, usage: Usage) -> Usage {
        match usage {
            Usage::Tokens {
                input,
                cached,
                output,
            } => {
                let bound = input_bound(self.body_bytes);
                let cached = cached.min(bound);
                Usage::Tokens {
                    input: input.min(bound.saturating_sub(cached)),
                    cached,
                    output: output.min(self.max_output),
                }
            }
            units => units,
        }
    }

    const fn input(&self) -> u64 {
        self.body_bytes.div_ceil(BYTES_PER_TOKEN)
    }
}

/// Nothing, in tokens.
pub(crate) const NOTHING: Usage = Usage::Tokens {
    input: 0,
    cached: 0,
    output: 0,
};

/// What the usage costs, at most the maximum; and the usage, which is nothing where its cost cannot be told.
pub(crate) fn charge(price: &Price, usage: Usage, maximum: u128) -> (Usage, u128) {
    match price.cost(&usage) {
        Ok(cost) => (usage, cost.min(maximum)),
        Err(error) => {
            tracing::error!(%error, ?usage, "the engine counts what cannot be charged; nothing is");
            (NOTHING, 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::PRICE;

    fn tokens(input: u64, output: u64) -> Usage {
        Usage::Tokens {
            input,
            cached: 0,
            output,
        }
    }

    #[test]
    fn the_engines_word_counts_and_the_last_one() {
        let mut meter = Meter::new(100, 50);
        assert_eq!(meter.streamed(), tokens(25, 0));
        let piece = Piece {
            usage: None,
            has_choices: true,
        };
        meter.piece(&piece);
        meter.piece(&piece);
        assert_eq!(meter.streamed(), tokens(25, 2));
        for said in [tokens(7, 1), tokens(7, 2)] {
            meter.piece(&Piece {
                usage: Some(said),
                has_choices: true,
            });
        }
        meter.piece(&piece);
        assert_eq!(meter.streamed(), tokens(7, 2));
    }

    #[test]
    fn no_count_is_above_what_the_request_allows() {
        let mut meter = Meter::new(100, 2);
        let piece = Piece {
            usage: None,
            has_choices: true,
        };
        (0..9).for_each(|_| meter.piece(&piece));
        assert_eq!(meter.streamed(), tokens(25, 2));
        assert_eq!(meter.whole(None, 4_000,), tokens(25, 2));
        let absurd = Usage::Tokens {
            input: u64::MAX,
            cached: 24,
            output: u64::MAX,
        };
        let allowed = Usage::Tokens {
            input: 1_100,
            cached: 24,
            output: 2,
        };
        assert_eq!(meter.whole(Some(absurd), 1), allowed);
    }

    #[test]
    fn a_charge_is_never_above_the_maximum() {
        assert_eq!(charge(&PRICE, tokens(10, 30), 1_000).1, 70);
        assert_eq!(charge(&PRICE, tokens(10, 30), 69).1, 69);
        let absurd = tokens(u64::MAX, u64::MAX);
        let dear = Price::Tokens {
            input: u128::MAX,
            cached: 0,
            output: 1,
        };
        assert_eq!(charge(&dear, absurd, 69), (NOTHING, 0));
    }
}
