//! The tables of `docs/design/da.md` are what the code computes.

mod soundness;

use noema_da::coding::{dispersal_bytes, front_bytes, ShardHeader};
use noema_da_primitives::{
    Commitment, Committee, Shape, SizeClass, Window, BUNDLE_HEADER_BYTES, CLASSES, ENTRY_BYTES,
};
use std::{env, fmt::Write, fs, path::Path};

const NOTE: &str = "../../docs/design/da.md";

/// Put this into the environment to have the tables written anew: `WRITE_FIGURES=1 cargo test -p noema-da
/// tables`.
const WRITE: &str = "WRITE_FIGURES";

const COMMITTEES: [usize; 3] = [4, 20, 100];

fn even(seats: usize) -> Committee {
    Committee::new(&vec![1; seats]).unwrap()
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn size(bytes: u32) -> String {
    match bytes {
        0 => "0".into(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{} B", grouped(bytes.into())),
    }
}

fn classes() -> String {
    let mut out = String::from(
        "| class | blobs up to | K | rows in all | row bytes | siblings of a row | rows of a seat at least | rows of a seat among 4 / 20 / 100 even ones |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut least = 0u64;
    for parameters in &CLASSES {
        let (first, last) = (
            Shape::of(least).unwrap(),
            Shape::of(parameters.max_size.into()).unwrap(),
        );
        least = u64::from(parameters.max_size) + 1;
        let held: Vec<String> = COMMITTEES
            .into_iter()
            .map(|seats| {
                let committee = even(seats);
                let counts: Vec<u16> = (0..seats)
                    .map(|seat| Window::of(parameters.class, &committee, seat).unwrap().len)
                    .collect();
                let (low, high) = (*counts.iter().min().unwrap(), *counts.iter().max().unwrap());
                match low == high {
                    true => low.to_string(),
                    false => format!("{low}-{high}"),
                }
            })
            .collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {}-{} | {} | {} | {} |",
            parameters.class,
            size(parameters.max_size),
            grouped(parameters.original.into()),
            grouped(parameters.class.rows().into()),
            grouped(first.row_bytes().into()),
            grouped(last.row_bytes().into()),
            parameters.depth,
            parameters.min_rows,
            held.join(" / ")
        )
        .unwrap();
    }
    out
}

/// Bytes that Fibre's parameters make a client send to 100 validators of even stake: 148 rows each with
/// 14 siblings, and 4096 linear combinations of 16 bytes; its header has 5 bytes.
fn fibre(bytes: u32) -> u64 {
    let row = (u64::from(bytes) + 5).div_ceil(4_096).next_multiple_of(64);
    100 * (148 * (row + 14 * 32) + 4_096 * 16)
}

fn overhead() -> String {
    let mut out = String::from(
        "| blob | class | row bytes | among 4 seats | 20 seats | 100 seats | bytes in all, 100 seats | of a bundle at most more | largest shard, 100 seats | Fibre's parameters, 100 seats |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let kibi = 1 << 10;
    let mebi = 1 << 20;
    for bytes in [
        1,
        512,
        kibi,
        16 * kibi,
        64 * kibi,
        128 * kibi,
        256 * kibi,
        mebi,
        4 * mebi,
        8 * mebi,
        32 * mebi,
        64 * mebi,
        128 * mebi,
    ] {
        let shape = Shape::of(bytes.into()).unwrap();
        let per_byte = |sent: u64| {
            let ratio = sent as f64 / f64::from(bytes);
            match ratio < 100.0 {
                true => format!("{ratio:.2}"),
                false => grouped(ratio.round() as u64),
            }
        };
        let sent = COMMITTEES.map(|seats| dispersal_bytes(&shape, &even(seats)));
        let committee = even(100);
        let largest = (0..100)
            .map(|seat| {
                let rows = Window::of(shape.class(), &committee, seat).unwrap().len;
                let commitment = Commitment([0; 32]);
                ShardHeader {
                    commitment,
                    shape,
                    rows,
                }
                .shard_bytes()
            })
            .max()
            .unwrap();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            size(bytes),
            shape.class(),
            grouped(shape.row_bytes().into()),
            per_byte(sent[0]),
            per_byte(sent[1]),
            per_byte(sent[2]),
            grouped(sent[2]),
            bundle(bytes, &shape, sent[2]),
            grouped(largest),
            per_byte(fibre(bytes)),
        )
        .unwrap();
    }
    out
}

/// What sending row 0 of a bundle to each of 100 seats adds at most, in percent; nothing is a bundle whose
/// header and first entry do not fit.
fn bundle(bytes: u32, shape: &Shape, sent: u64) -> String {
    if bytes < BUNDLE_HEADER_BYTES + ENTRY_BYTES {
        return "none".into();
    }
    let more = front_bytes(shape, &even(100)) as f64 / sent as f64;
    format!("{:.1} %", 100.0 * more)
}

/// The text with what stands between the two marks of this name replaced.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let begin = format!("<!-- figures: {name} -->\n");
    let end = format!("<!-- end of figures: {name} -->");
    let (before, rest) = text.split_once(begin.as_str()).unwrap();
    let (_, after) = rest.split_once(end.as_str()).unwrap();
    [before, &begin, table, &end, after].concat()
}

#[test]
fn tables_of_the_note_are_what_is_computed() {
    let note = Path::new(env!("CARGO_MANIFEST_DIR")).join(NOTE);
    let found = fs::read_to_string(&note).unwrap();
    let expected = with_table(&found, "classes", &classes());
    let expected = with_table(&expected, "overhead", &overhead());
    let expected = with_table(&expected, "claims", &soundness::claims());
    let expected = with_table(&expected, "one seat", &soundness::seats());
    if env::var_os(WRITE).is_some() {
        fs::write(&note, &expected).unwrap();
    } else {
        assert!(
            found == expected,
            "the tables of {NOTE} are out of date: see {WRITE}"
        );
    }
}

/// Uneven stakes cost more where many seats are given the least number of rows: M rows are dealt, each of
/// the 99 boundaries between seats may lie within a row, and the minimum adds no more than M.
#[test]
fn uneven_stakes_at_most_double_the_rows() {
    for class in SizeClass::ALL {
        let mut most = 0;
        for giants in [1, 2, 50, 99] {
            let stakes: Vec<u128> = (0..100)
                .map(|seat| if seat < giants { 1_000_000_007 } else { 1 })
                .collect();
            let committee = Committee::new(&stakes).unwrap();
            let rows: u32 = (0..100)
                .map(|seat| u32::from(Window::of(class, &committee, seat).unwrap().len))
                .sum();
            most = most.max(rows);
        }
        let all = u32::from(class.rows());
        assert!(most <= 2 * all + 99, "{class}: {most}");
        // Not a bound for nothing: from the medium class on, more than nine tenths of it come about.
        assert!(
            class < SizeClass::Medium || 10 * most > 9 * 2 * all,
            "{class}: {most}"
        );
    }
}
