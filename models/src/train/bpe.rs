//! Which pairs become tokens: those that stand beside each other most often, one after the other.

use std::{collections::BTreeMap, vec::Vec};

use crate::tokenizer::{Token, FIRST_MERGED};

/// The merges for a vocabulary of `vocabulary` tokens, from words with their counts. Of pairs that are equally frequent the smaller one first.
pub(super) fn merges(counted: &BTreeMap<Vec<u8>, u64>, vocabulary: usize) -> Vec<(Token, Token)> {
    let mut words: Vec<(Vec<Token>, u64)> = counted
        .iter()
        .map(|(word, count)| (word.iter().map(|byte| Token::from(*byte)).collect(), *count))
        .collect();
    let mut merges = Vec::new();
    for token in FIRST_MERGED..vocabulary {
        let mut pairs = BTreeMap::<(Token, Token), u64>::new();
        for (word, count) in &words {
            for pair in word.windows(2) {
                *pairs.entry((pair[0], pair[1])).or_default() += count;
            }
        }
        let best = pairs
            .iter()
            .max_by(|(x, a), (y, b)| a.cmp(b).then(y.cmp(x)));
        let (pair, _) = best.expect("the corpus has more pairs than the vocabulary has room for");
        let (pair, token) = (*pair, token as Token);
        merges.push(pair);
        for (word, _) in &mut words {
            let mut at = 0;
            while at + 1 < word.len() {
                if (word[at], word[at + 1]) == pair {
                    word[at] = token;
                    word.remove(at + 1);
                }
                at += 1;
            }
        }
    }
    merges
}
