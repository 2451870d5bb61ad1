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
    words: u64,
    has_answer: bool,
    is_finished: bool,
}

impl Meter {
    /// For a request of so many bytes that allows so many tokens of output.
    pub(crate) const fn new(body_bytes: u64, max_output: u64) -> Self {
        Self {
            body_bytes,
            max_output,
            said: None,
            pieces: 0,
            words: 0,
            has_answer: false,
            is_finished: false,
        }
    }

    /// Counts a piece of a stream.
    pub(crate) fn piece(&mut self, piece: &Piece) {
        self.said = piece.usage.or(self.said);
        self.has_answer |= piece.has_choices;
        self.is_finished |= piece.finishes;
        self.words = self.words.saturating_add(piece.words);
        if piece.has_choices && (piece.words > 0 || !piece.finishes) {
            self.pieces = self.pieces.saturating_add(1);
        }
    }

    /// Whether the engine has said what it used.
    pub(crate) const fn is_told(&self) -> bool {
        self.said.is_some()
    }

    /// Whether something of an answer has come.
    pub(crate) const fn has_answer(&self) -> bool {
        self.has_answer
    }

    /// Whether an answer has ended, so that its usage should follow.
    pub(crate) const fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// What a stream used whose end is passed on, be it good or an error. Nothing where nothing of an answer has come: whoever has only an error pays nothing.
    pub(crate) fn streamed(&self) -> Usage {
        match self.has_answer {
            true => self.allowed(self.said.unwrap_or_else(|| self.counted())),
            false => NOTHING,
        }
    }

    /// What a stream used whose reader went away before its end. What the engine said by then is perhaps not all.
    pub(crate) fn unread(&self) -> Usage {
        let Usage::Tokens { output, .. } = self.counted() else {
            return self.streamed();
        };
        self.allowed(match self.said {
            Some(Usage::Tokens {
                input,
                cached,
                output: said,
            }) => Usage::Tokens {
                input,
                cached,
                output: said.max(output),
            },
            Some(units) => units,
            None => self.counted(),
        })
    }

    /// By what has come: a token for each piece, or for so many bytes of what the model wrote, where pieces are long.
    fn counted(&self) -> Usage {
        Usage::Tokens {
            input: self.input(),
            cached: 0,
            output: self.pieces.max(self.words.div_ceil(BYTES_PER_TOKEN)),
        }
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
        // What costs nothing is nothing in whatever is counted.
        _ if usage == NOTHING => (nothing(price), 0),
        Ok(cost) => (usage, cost.min(maximum)),
        Err(error) => {
            tracing::error!(%error, ?usage, "the engine counts what cannot be charged; nothing is");
            (nothing(price), 0)
        }
    }
}

/// Nothing, in what the price is for.
const fn nothing(price: &Price) -> Usage {
    match price {
        Price::Tokens { .. } => NOTHING,
        Price::Units { .. } => Usage::Units { units: 0 },
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

    fn piece(words: u64, usage: Option<Usage>) -> Piece {
        Piece {
            usage,
            has_choices: true,
            words,
            finishes: false,
        }
    }

    #[test]
    fn the_engines_word_counts_and_the_last_one() {
        let mut meter = Meter::new(100, 50);
        meter.piece(&piece(2, None));
        meter.piece(&piece(2, None));
        assert_eq!(meter.streamed(), tokens(25, 2));
        for said in [tokens(7, 1), tokens(7, 2)] {
            meter.piece(&piece(2, Some(said)));
        }
        meter.piece(&piece(2, None));
        assert_eq!(meter.streamed(), tokens(7, 2));
    }

    #[test]
    fn a_stream_without_an_answer_costs_nothing_but_to_who_leaves_it() {
        let mut meter = Meter::new(100, 50);
        let error = Piece {
            usage: Some(tokens(25, 9)),
            ..Piece::default()
        };
        assert_eq!(meter.unread(), tokens(25, 0), "the engine reads already");
        meter.piece(&error);
        assert_eq!(meter.streamed(), NOTHING);
    }

    #[test]
    fn leaving_early_is_no_discount() {
        // Many tokens in a piece.
        let mut meter = Meter::new(100, 500);
        meter.piece(&piece(40, None));
        meter.piece(&piece(40, None));
        assert_eq!(meter.unread(), tokens(25, 20));
        // An early usage that counts no output yet.
        meter.piece(&piece(40, Some(tokens(30, 0))));
        assert_eq!(meter.unread(), tokens(30, 30));
        let last = Piece {
            usage: Some(tokens(30, 44)),
            has_choices: true,
            words: 0,
            finishes: true,
        };
        meter.piece(&last);
        assert!(meter.is_finished());
        assert_eq!(meter.unread(), tokens(30, 44));
    }

    #[test]
    fn no_count_is_above_what_the_request_allows() {
        let mut meter = Meter::new(100, 2);
        (0..9).for_each(|_| meter.piece(&piece(9, None)));
        assert_eq!(meter.streamed(), tokens(25, 2));
        assert_eq!(meter.unread(), tokens(25, 2));
        assert_eq!(meter.whole(None, 4_000), tokens(25, 2));
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
