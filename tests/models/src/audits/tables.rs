//! The figures of the note, as it prints them. A test compares; to write the note anew, print them.

use crate::audits::{
    blocking::{blocks_to_fill, censored_log10, price, price_of_bytes, price_of_weight, room},
    detection::{dropped_within, miss_probability, rounds_to_drop, rounds_to_miss},
    parameters::{Pace, Parameters},
    steering::{foresight, steered_miss},
    strikes::Strikes,
    worth::Cheater,
    Tick,
};

/// Shares of its bytes that a provider has lost.
const LOST: [f64; 7] = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0];

/// Numbers of challenges.
const CHALLENGES: [u32; 4] = [4, 8, 16, 32];

/// A row of a table.
fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table and the line under it.
fn head(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
    let line = format!("|{}\n", "---|".repeat(cells.len()));
    row(&cells) + &line
}

/// A share, in percent without needless digits.
fn percent_of(share: f64) -> String {
    let percent = format!("{:.1}", share * 100.0);
    format!("{} %", percent.strip_suffix(".0").unwrap_or(&percent))
}

/// A probability. What is not certain is not printed as 0 or 1.
fn probability(p: f64) -> String {
    match p {
        _ if p == 0.0 => "0".into(),
        _ if p >= 1.0 => "1".into(),
        _ if p < 0.0005 => "< 0.001".into(),
        _ if p >= 0.9995 => "> 0.999".into(),
        _ => format!("{p:.3}"),
    }
}

/// A number of rounds.
fn rounds(expected: f64) -> String {
    match expected {
        _ if expected >= 100_000.0 => "> 100,000".into(),
        _ if expected >= 100.0 => thousands(expected),
        _ => format!("{expected:.1}"),
    }
}

/// A whole number with commas.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A power of ten.
fn power(log10: f64) -> String {
    let exponent = log10.floor();
    match exponent {
        _ if log10 > -3.0 => format!("{:.3}", 10f64.powf(log10)),
        _ if exponent < -99.0 => format!("10^{exponent:.0}"),
        _ => format!("{:.1} · 10^{exponent:.0}", 10f64.powf(log10 - exponent)),
    }
}

/// The detection table under a strike rule.
pub fn detection(rule: Strikes) -> String {
    let mut text = head(&[
        "k",
        "lost",
        "missed per round",
        "rounds to the first miss",
        "rounds to the drop",
        "dropped within 10",
        "20",
        "50",
        "100",
    ]);
    for challenges in CHALLENGES {
        for lost in LOST {
            let miss = miss_probability(lost, challenges);
            let mut cells = vec![
                challenges.to_string(),
                percent_of(lost),
                probability(miss),
                format!("{:.1}", rounds_to_miss(miss)),
                rounds(rounds_to_drop(rule, miss)),
            ];
            let within = [10, 20, 50, 100];
            cells.extend(within.map(|rounds| probability(dropped_within(rule, miss, rounds))));
            text += &row(&cells);
        }
    }
    text
}

/// The same few rows under several rules: why the one was chosen.
pub fn rules() -> String {
    let mut text = head(&[
        "miss, pass, drop at",
        "1 % lost, k = 8",
        "1 %, k = 16",
        "2 %, k = 8",
        "10 %, k = 8",
        "everything",
        "dropped within a year: misses 1 round in 100",
        "1 in 1,000",
    ]);
    for (miss, drop_at) in [(4, 16), (8, 32), (12, 48), (16, 64), (24, 96), (32, 128)] {
        let rule = Strikes {
            miss,
            pass: 1,
            drop_at,
        };
        let mut cells = vec![format!("{miss}, 1, {drop_at}")];
        for (lost, challenges) in [(0.01, 8), (0.01, 16), (0.02, 8), (0.1, 8), (1.0, 8)] {
            let miss = miss_probability(lost, challenges);
            cells.push(rounds(rounds_to_drop(rule, miss)));
        }
        // A year of rounds of six hours.
        for miss in [0.01, 0.001] {
            let year = dropped_within(rule, miss, 1_461);
            cells.push(power(year.log10()));
        }
        text += &row(&cells);
    }
    text
}

/// Probabilities that a window passes with censors' ticks only.
pub fn censorship() -> String {
    let windows: [Tick; 4] = [
        Pace::DEVELOPMENT.answer_ticks,
        600,
        3_600,
        Pace::PRODUCTION.answer_ticks,
    ];
    let mut text = head(&["censors", "30 ticks", "600", "3,600", "18,000"]);
    for censors in [0.01, 0.1, 0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.9, 0.99] {
        let mut cells = vec![percent_of(censors)];
        cells.extend(windows.map(|window| power(censored_log10(censors, window))));
        text += &row(&cells);
    }
    text
}

/// What it costs that no tick passes.
pub fn standstill() -> String {
    let mut text = head(&["for", "by weight, NOEMA", "by bytes, NOEMA"]);
    let hour = 3_600;
    for (name, blocks) in [
        ("1 h", hour),
        ("6 h", 6 * hour),
        ("1 day", 24 * hour),
        ("7 days", 7 * 24 * hour),
        ("28 days", 28 * 24 * hour),
    ] {
        text += &row(&[
            name.into(),
            thousands(price_of_weight(0.75, blocks)),
            thousands(price_of_bytes(0.75, blocks)),
        ]);
    }
    text
}

/// What it costs to let a window of production pass with censors' ticks only, all other blocks
/// being filled.
pub fn filled() -> String {
    let mut text = head(&[
        "censors",
        "others' blocks to fill",
        "by bytes, NOEMA",
        "against tips of 0.01 NOEMA",
    ]);
    // What a tip of the largest batch takes to be outbid by a block full of something else.
    let tips = f64::from(u32::try_from(room::TIPS).unwrap_or(u32::MAX));
    for censors in [0.01, 0.1, 1.0 / 3.0, 0.5, 2.0 / 3.0] {
        let blocks = blocks_to_fill(censors, Pace::PRODUCTION.answer_ticks);
        let bytes = blocks * price::NORMAL_BYTES * price::BYTE;
        text += &row(&[
            percent_of(censors),
            thousands(blocks),
            thousands(bytes),
            thousands(bytes + blocks * tips * 0.01),
        ]);
    }
    text
}

/// What authors make of a draw.
pub fn steering() -> String {
    let mut text = head(&[
        "authors in league",
        "a miss of 0.077 becomes",
        "0.570",
        "0.900",
        "know the seed in time, delay 1",
        "delay 2",
        "delay 8",
    ]);
    for authors in [0.01, 0.1, 0.2, 1.0 / 3.0] {
        let mut cells = vec![percent_of(authors)];
        for lost in [0.01, 0.1, 0.25] {
            let miss = miss_probability(lost, 8);
            cells.push(format!("{:.3}", steered_miss(authors, miss)));
        }
        cells.extend([1, 2, 8].map(|delay| power(foresight(authors, delay).log10())));
        text += &row(&cells);
    }
    text
}

/// What cheating is worth.
pub fn worth() -> String {
    let mut text = head(&[
        "k",
        "lost",
        "breaks even when storing costs this many times the pay",
        "the same, a third of the authors in league",
        "rounds to the drop",
        "rounds' pay lost",
        "rounds' costs saved",
        "slashed, of the collateral",
    ]);
    for challenges in [8, 16, 32] {
        for lost in LOST {
            let cheater = Cheater { lost, challenges };
            let steered = steered_miss(1.0 / 3.0, cheater.miss()) / lost;
            let percent = Parameters::production().penalties.percent;
            let course = cheater.course(Strikes::PRODUCTION, percent);
            text += &row(&[
                challenges.to_string(),
                percent_of(lost),
                format!("{:.2}", cheater.break_even()),
                format!("{steered:.2}"),
                rounds(course.rounds),
                format!("{:.1}", course.missed),
                format!("{:.1}", course.rounds * lost),
                format!("{:.0} %", course.slashed),
            ]);
        }
    }
    text
}
