//! The arithmetic of the note's section "Soundness": every class is good for 100 bits.

use super::even;
use noema_da_primitives::{SizeClass, Window, CLASSES, MAX_SEATS};
use std::fmt::Write;

/// Bits that a random element of GF(2^128) is good for.
const FIELD: f64 = 128.0;

/// log2 of n over k.
fn log2_choose(n: u32, k: u32) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    (1..=k)
        .map(|i| (f64::from(n - k + i) / f64::from(i)).log2())
        .sum()
}

/// Claim 1. All that verifies belongs to one codeword, whoever holds it: no set of K + 1 rows that is
/// inconsistent passes one random combination.
fn consistency_bits(k: u32) -> f64 {
    FIELD - log2_choose(4 * k, k + 1)
}

/// Claim 2. Where no more rows fail than unique decoding tolerates, those that pass are the codeword's: the
/// proximity gap fails with M / 2^128, and a row outside passes with 2^-128, for each of M.
fn gap_bits(k: u32) -> f64 {
    FIELD - f64::from(2 * 4 * k).log2()
}

/// Against `held` rows, drawn without replacement, all lying among those that verify, when one row more
/// fails than unique decoding tolerates.
fn detection_bits(k: u32, held: u32) -> f64 {
    let (n, m) = (3 * k, 4 * k);
    let good = m - n / 2 - 1;
    log2_choose(m, held) - log2_choose(good, held)
}

/// Claim 3. The honest signers have a quarter of the stake and so K rows; which seats they are is the
/// attacker's choice of at most 2^100.
fn quorum_bits(k: u32) -> f64 {
    // `MAX_SEATS` is 100.
    detection_bits(k, k) - MAX_SEATS as f64
}

/// What a class is good for: by claim 1 alone, or by the lesser of the other two.
fn bits(k: u32) -> f64 {
    consistency_bits(k).max(gap_bits(k).min(quorum_bits(k)))
}

fn rounded(bits: f64) -> f64 {
    (bits * 10.0).round() / 10.0
}

fn original(class: SizeClass) -> u32 {
    class.parameters().original.into()
}

/// The table of all three claims, also for the K between the classes that are not used.
pub(super) fn claims() -> String {
    let mut out = String::from("| K | class | 1: K + 1 at a time | 2: few wrong rows | 3: many wrong rows | in all |\n|---|---|---|---|---|---|\n");
    for k in (0..=12).map(|power| 1u32 << power) {
        let class = SizeClass::ALL
            .into_iter()
            .find(|class| original(*class) == k);
        if class.is_none() && !(16..=128).contains(&k) {
            continue;
        }
        let name = class.map_or("none".into(), |class| class.to_string());
        let claim = |bits: f64| match bits > 0.0 {
            true => format!("{bits:.1}"),
            false => "nothing".into(),
        };
        writeln!(
            out,
            "| {k} | {name} | {} | {} | {} | {} |",
            claim(consistency_bits(k)),
            claim(gap_bits(k)),
            claim(quorum_bits(k)),
            claim(bits(k)),
        )
        .unwrap();
    }
    out
}

const SEATS: [usize; 7] = [4, 5, 6, 7, 8, 20, 100];

/// Rows of the seat that holds fewest of an even committee.
fn fewest(class: SizeClass, seats: usize) -> u32 {
    let committee = even(seats);
    let counts = (0..seats).map(|seat| Window::of(class, &committee, seat).unwrap().len);
    counts.min().unwrap().into()
}

/// The table of what one seat detects by itself.
pub(super) fn seats() -> String {
    let mut out = String::from("| class |");
    for seats in SEATS {
        write!(out, " {seats} seats |").unwrap();
    }
    out.push_str(" least seat of all |\n|---|---|---|---|---|---|---|---|---|\n");
    for parameters in &CLASSES {
        let (class, k) = (parameters.class, u32::from(parameters.original));
        write!(out, "| {class} |").unwrap();
        let held = SEATS.into_iter().map(|seats| fewest(class, seats));
        for held in held.chain([parameters.min_rows.into()]) {
            match held >= k {
                true => out.push_str(" certain |"),
                false => write!(out, " {:.1} |", detection_bits(k, held)).unwrap(),
            }
        }
        out.push('\n');
    }
    out
}

#[test]
fn every_class_is_good_for_100_bits_and_what_lies_between_is_not() {
    for class in SizeClass::ALL {
        assert!(bits(original(class)) >= 100.0, "{class}");
    }
    for k in [16, 32, 64, 128] {
        assert!(bits(k) < 100.0, "{k}");
    }
    // As the note states them in words.
    assert_eq!(rounded(consistency_bits(1)), 125.4);
    assert_eq!(rounded(consistency_bits(8)), 103.3);
    assert_eq!(rounded(consistency_bits(16)), 77.7);
    assert_eq!(rounded(quorum_bits(128)), 5.2);
    assert_eq!(rounded(quorum_bits(256)), 109.9);
    assert_eq!(rounded(quorum_bits(1_024)), 737.9);
    assert_eq!(rounded(quorum_bits(4_096)), 3_250.0);
    assert_eq!([256, 1_024, 4_096].map(gap_bits), [117.0, 115.0, 113.0]);
    assert_eq!(
        [256, 1_024, 4_096].map(|k| rounded(bits(k))),
        [109.9, 115.0, 113.0]
    );
}

/// Classes by claim 1 need no sampling; classes by claim 3 are those in which a quorum has enough rows.
#[test]
fn each_class_rests_on_the_claims_that_the_note_names() {
    for class in SizeClass::ALL {
        let k = original(class);
        let by_consistency = consistency_bits(k) >= 100.0;
        assert_eq!(by_consistency, class <= SizeClass::Small, "{class}");
        let by_quorum = gap_bits(k).min(quorum_bits(k)) >= 100.0;
        assert_eq!(by_quorum, class >= SizeClass::Medium, "{class}");
    }
}

/// One seat of a committee of four even ones can rebuild and so is certain, in every class; of up to eight
/// it is good for 80 bits at least from the medium class on.
#[test]
fn one_seat_of_a_small_committee_is_certain_or_nearly() {
    for class in SizeClass::ALL {
        let k = original(class);
        assert!(fewest(class, 4) >= k);
        for seats in 5..=8 {
            let held = fewest(class, seats);
            assert_eq!(held >= k, class == SizeClass::Tiny);
            if class >= SizeClass::Medium {
                assert!(detection_bits(k, held) >= 80.0, "{class}, {seats}");
            }
        }
    }
    // The small class: few rows, of which all that verify belong together.
    assert!(detection_bits(8, fewest(SizeClass::Small, 8)) < 10.0);
}

#[test]
fn the_least_seat_of_the_largest_class_is_good_for_100_bits_alone() {
    let class = SizeClass::Huge;
    let held = class.parameters().min_rows.into();
    let alone = detection_bits(original(class), held);
    assert_eq!(rounded(alone), 111.3);
    // The bound without the benefit of drawing without replacement: 100 / (1 - log2(1 + 1/4)), rounded up.
    let fewest = (100.0 / (1.0 - 1.25f64.log2())).ceil();
    assert_eq!(fewest, 148.0);
    assert!(f64::from(class.parameters().min_rows) >= fewest);
}
