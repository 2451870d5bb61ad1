//! The arithmetic of `docs/design/da.md`, section "Soundness": every class is good for 100 bits.

use crate::{SizeClass, MAX_SEATS};

/// log2 of n over k.
fn log2_choose(n: u32, k: u32) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    (1..=k)
        .map(|i| (f64::from(n - k + i) / f64::from(i)).log2())
        .sum()
}

/// All that verifies belongs to one codeword, whoever holds it: no set of K + 1 rows that is inconsistent
/// passes one random combination over GF(2^128).
fn consistency_bits(class: SizeClass) -> f64 {
    let (k, m) = (class.parameters().original, class.rows());
    128.0 - log2_choose(m.into(), u32::from(k) + 1)
}

/// Bits against `held` rows, drawn without replacement, all lying among those that verify, when more rows
/// fail than unique decoding tolerates.
fn detection_bits(class: SizeClass, held: u32) -> f64 {
    let (n, m) = (
        u32::from(class.parameters().parity),
        u32::from(class.rows()),
    );
    let good = m - n / 2 - 1;
    log2_choose(m, held) - log2_choose(good, held)
}

/// The honest signers have a quarter of the stake and so K rows; which seats they are, is the attacker's
/// choice of at most 2^100.
fn quorum_bits(class: SizeClass) -> f64 {
    let held = u32::from(class.parameters().original);
    // `MAX_SEATS` is 100.
    detection_bits(class, held) - MAX_SEATS as f64
}

#[test]
fn every_class_is_good_for_100_bits() {
    for class in SizeClass::ALL {
        let bits = consistency_bits(class).max(quorum_bits(class));
        println!(
            "{class}: consistency {:.1}, quorum {:.1}, one seat {:.1}",
            consistency_bits(class),
            quorum_bits(class),
            detection_bits(class, class.parameters().min_rows.into())
        );
        assert!(bits >= 100.0, "{class}: {bits}");
    }
    // As the document states them.
    let rounded = |bits: f64| (bits * 10.0).round() / 10.0;
    assert_eq!(rounded(consistency_bits(SizeClass::Tiny)), 125.4);
    assert_eq!(rounded(consistency_bits(SizeClass::Small)), 103.3);
    assert_eq!(rounded(quorum_bits(SizeClass::Medium)), 109.9);
    assert_eq!(rounded(quorum_bits(SizeClass::Large)), 737.9);
    assert_eq!(rounded(quorum_bits(SizeClass::Huge)), 3250.0);
}

#[test]
fn the_least_seat_of_the_largest_class_is_good_for_100_bits_alone() {
    let class = SizeClass::Huge;
    assert!(detection_bits(class, class.parameters().min_rows.into()) >= 100.0);
    // The bound without the benefit of drawing without replacement: 100 / (1 - log2(1 + 1/4)), rounded up.
    let fewest = (100.0 / (1.0 - 1.25f64.log2())).ceil();
    assert_eq!(fewest, 148.0);
    assert!(f64::from(class.parameters().min_rows) >= fewest);
}
