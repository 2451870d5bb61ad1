//! Text to tokens and back: byte pair encoding (Sennrich and others, 2016; over bytes as in GPT-2), so that any bytes are some tokens.
//!
//! Tokens 0 to 255 are bytes, the next five are special and never come out of text, each further one is a pair of tokens before it.

use alloc::{collections::BTreeMap, vec::Vec};

/// A token's number.
pub type Token = u16;

/// The first token that stands for a pair of others.
pub const FIRST_MERGED: usize = 261;
/// The most bytes that are merged into tokens together: longer words are cut, so that encoding takes time in proportion to the text.
pub const MAX_WORD: usize = 32;

/// Tokens that structure a text. Encoding a text never yields them, so that nobody can write one into a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
pub enum Special {
    /// Begins a document that is no conversation.
    Document = 256,
    /// Begins what sets up a conversation.
    System = 257,
    /// Begins what a person says.
    User = 258,
    /// Begins what the model says.
    Assistant = 259,
    /// Ends each of these.
    End = 260,
}

/// Pairs that are one token, in the order in which they are merged.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    merged: BTreeMap<(Token, Token), Token>,
    /// The bytes of each token; none for special ones.
    bytes: Vec<Vec<u8>>,
}

impl Tokenizer {
    /// A tokenizer whose token `FIRST_MERGED + i` is the pair `merges[i]`. `None` if a pair refers to a special token or to one that is not
    /// before it, comes twice, is longer than [`MAX_WORD`], or if there are more than 2^15 tokens.
    pub fn new(merges: &[(Token, Token)]) -> Option<Self> {
        if FIRST_MERGED + merges.len() > 1 << 15 {
            return None;
        }
        let mut bytes: Vec<Vec<u8>> = (0..=255u8).map(|byte| [byte].to_vec()).collect();
        bytes.resize(FIRST_MERGED, Vec::new());
        let mut merged = BTreeMap::new();
        for (left, right) in merges {
            let (a, b) = (
                bytes.get(usize::from(*left))?,
                bytes.get(usize::from(*right))?,
            );
            let joined = [a.as_slice(), b].concat();
            let token = Token::try_from(bytes.len()).ok()?;
            let sound = !a.is_empty() && !b.is_empty() && joined.len() <= MAX_WORD;
            if !sound || merged.insert((*left, *right), token).is_some() {
                return None;
            }
            bytes.push(joined);
        }
        Some(Self { merged, bytes })
    }

    /// The tokens of a text.
    pub fn encode(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 2);
        for word in words(text.as_bytes()) {
            self.encode_word(word, &mut tokens);
        }
        tokens
    }

    /// Merges the pair that comes first in the list of merges, until there is none.
    fn encode_word(&self, word: &[u8], tokens: &mut Vec<Token>) {
        let begin = tokens.len();
        tokens.extend(word.iter().map(|byte| Token::from(*byte)));
        loop {
            let pairs = tokens
                .get(begin..)
                .unwrap_or_default()
                .windows(2)
                .enumerate();
            let known = pairs.filter_map(|(at, pair)| match pair {
                [left, right] => self.merged.get(&(*left, *right)).map(|token| (*token, at)),
                _ => None,
            });
            let Some((token, at)) = known.min() else {
                return;
            };
            if let Some(left) = tokens.get_mut(begin + at) {
                *left = token;
            }
            tokens.remove(begin + at + 1);
        }
    }

    /// The bytes that a token stands for: none for a special token or one that is not there.
    pub fn bytes(&self, token: Token) -> &[u8] {
        self.bytes
            .get(usize::from(token))
            .map_or(&[], Vec::as_slice)
    }
}

/// Cuts a text into pieces that are merged each for itself: a word with the blank before it, a digit, a run of blanks or of other signs.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let first = *rest.first()?;
        let (blank, class) = match rest.get(1) {
            Some(next) if first == b' ' && matches!(class(*next), Class::Letter | Class::Sign) => {
                (1, class(*next))
            }
            _ => (0, class(first)),
        };
        let run = rest
            .iter()
            .skip(blank)
            .take_while(|byte| self::class(**byte) == class)
            .count();
        let len = match class {
            Class::Digit => 1,
            _ => (blank + run).min(MAX_WORD),
        };
        let (word, after) = rest.split_at_checked(len)?;
        rest = after;
        Some(word)
    })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Class {
    Letter,
    Digit,
    Blank,
    Sign,
}

fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => Class::Letter,
        b'0'..=b'9' => Class::Digit,
        b' ' | b'\n' | b'\t' | b'\r' => Class::Blank,
        _ => Class::Sign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokenizer() -> Tokenizer {
        let a = |byte: u8| Token::from(byte);
        Tokenizer::new(&[
            (a(b't'), a(b'h')),
            (261, a(b'e')),
            (a(b' '), 262),
            (a(b'a'), a(b'a')),
            (264, 264),
        ])
        .unwrap()
    }

    #[test]
    fn encode_known_pairs_merges_them() {
        assert_eq!(tokenizer().encode("the the"), [262, 263]);
        assert_eq!(tokenizer().encode("aaaaa"), [265, Token::from(b'a')]);
        assert_eq!(
            tokenizer().encode("12"),
            [Token::from(b'1'), Token::from(b'2')]
        );
    }

    #[test]
    fn new_unsound_merges_is_refused() {
        for merges in [
            &[(0, 261)][..],
            &[(256, 0)],
            &[(0, 260)],
            &[(1, 1), (1, 1)],
            &[
                (1, 1),
                (261, 261),
                (262, 262),
                (263, 263),
                (264, 264),
                (265, 265),
            ],
        ] {
            assert!(Tokenizer::new(merges).is_none(), "{merges:?}");
        }
    }

    proptest! {
        #[test]
        fn encode_any_text_reads_back_without_special_tokens(text in "(?s)[the a0-9<|>\n\u{e4}\u{1f980}]{0,80}|.{0,40}") {
            let tokenizer = tokenizer();
            let tokens = tokenizer.encode(&text);
            let back: Vec<u8> = tokens.iter().flat_map(|token| tokenizer.bytes(*token)).copied().collect();
            prop_assert_eq!(back, text.as_bytes());
            prop_assert!(tokens.iter().all(|token| !(256..261).contains(token)));
        }
    }
}
