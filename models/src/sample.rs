//! Choosing the next token.

use alloc::vec::Vec;

use crate::{math::softmax, tokenizer::Token};

/// Numbers that follow from a seed: SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1), a multiple of 2^-24: exact in an `f32`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 * (1.0 / (1u64 << 24) as f32)
    }

    /// A number below `bound`, which is not zero.
    #[cfg(feature = "train")]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// The likeliest token at temperature 0, otherwise one that is drawn: probabilities at the given temperature, of the likeliest tokens that
/// together have `top_p` of them (Holtzman and others, 2020). Equally likely tokens come in the order of their numbers. `allowed` says which
/// may be chosen; some must be.
pub(crate) fn choose(
    logits: &mut [f32],
    temperature: f32,
    top_p: f32,
    random: &mut Random,
    allowed: impl Fn(Token) -> bool,
) -> Token {
    for (token, logit) in logits.iter_mut().enumerate() {
        if !Token::try_from(token).is_ok_and(&allowed) {
            *logit = f32::MIN;
        }
    }
    if temperature <= 0.0 {
        return likeliest(logits);
    }
    let inverse = 1.0 / temperature;
    for logit in logits.iter_mut() {
        *logit = if *logit == f32::MIN {
            f32::MIN
        } else {
            *logit * inverse
        };
    }
    softmax(logits);
    // What is less likely than this can never be reached: together they have less than a millionth.
    let mut ranked: Vec<(f32, Token)> = (0..)
        .zip(logits.iter())
        .filter(|(_, weight)| **weight > 1e-10)
        .map(|(token, weight)| (*weight, token))
        .collect();
    ranked.sort_unstable_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    let mut mass = 0.0;
    let mut kept = 0;
    for (weight, _) in &ranked {
        mass += weight;
        kept += 1;
        if mass >= top_p {
            break;
        }
    }
    let mut left = random.unit() * mass;
    for (weight, token) in ranked.iter().take(kept) {
        left -= weight;
        if left < 0.0 {
            return *token;
        }
    }
    // Rounding may leave a little: the last that was kept.
    ranked
        .get(kept.saturating_sub(1))
        .map_or(0, |(_, token)| *token)
}

fn likeliest(logits: &[f32]) -> Token {
    let mut best = (f32::MIN, 0);
    for (token, logit) in (0..).zip(logits) {
        if *logit > best.0 {
            best = (*logit, token);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn choose_at_temperature_zero_takes_the_first_of_the_likeliest() {
        let mut random = Random::new(1);
        assert_eq!(
            choose(&mut [0.0, 3.0, 3.0], 0.0, 1.0, &mut random, |_| true),
            1
        );
        assert_eq!(
            choose(&mut [0.0, 3.0, 3.0], 0.0, 1.0, &mut random, |token| token
                != 1),
            2
        );
    }

    #[test]
    fn choose_small_top_p_leaves_the_likeliest() {
        let mut random = Random::new(1);
        for _ in 0..100 {
            assert_eq!(
                choose(&mut [0.0, 1.0, 0.5], 1.0, 0.1, &mut random, |_| true),
                1
            );
        }
    }

    #[test]
    fn choose_draws_in_proportion() {
        let mut random = Random::new(9);
        let mut counts = [0u32; 3];
        for _ in 0..20_000 {
            // Probabilities 1/4, 1/2, 1/4.
            let mut logits = [0.0, core::f32::consts::LN_2, 0.0];
            counts[usize::from(choose(&mut logits, 1.0, 1.0, &mut random, |_| true))] += 1;
        }
        assert!((9_700..10_300).contains(&counts[1]), "{counts:?}");
        assert!((4_700..5_300).contains(&counts[0]), "{counts:?}");
    }

    proptest! {
        #[test]
        fn choose_never_takes_what_is_not_allowed(
            mut logits in prop::collection::vec(-20f32..20.0, 2..50), temperature in 0f32..3.0, top_p in 0.01f32..1.0, seed: u64,
        ) {
            let last = logits.len() as Token - 1;
            let chosen = choose(&mut logits, temperature, top_p, &mut Random::new(seed), |token| token == 0 || token == last);
            prop_assert!(chosen == 0 || chosen == last);
        }
    }
}
