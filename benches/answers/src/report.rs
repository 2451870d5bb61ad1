//! The figures as Markdown.

use std::time::Duration;

use noema_benches::table::table;

use crate::{chain::Took, measure::Level};

fn micros(took: Duration) -> String {
    took.as_micros().to_string()
}

fn times(of: Duration, peer: Duration) -> String {
    format!("{:.1}", of.as_secs_f64() / peer.as_secs_f64())
}

/// The tables.
pub(crate) fn markdown(levels: &[Level], size: usize, rounds: u32) -> String {
    let challenges = levels.last().map_or(0, |level| level.challenges);
    format!(
        "One provider holds all files, of {size} bytes each, and is asked for {challenges} sectors in a round; medians of {rounds} rounds.\n\n{}\n{}\n{}",
        times_table(levels),
        weights_table(levels),
        draws_table(levels)
    )
}

/// Both columns of something that was measured.
fn cells(took: &Took) -> [String; 2] {
    [micros(took.time), took.reads.to_string()]
}

fn times_table(levels: &[Level]) -> String {
    let head = [
        "files committed",
        "transaction that does nothing, µs",
        "reads",
        "first answer of a round, which draws it, µs",
        "reads",
        "one more answer, µs",
        "reads",
        "whole round in a batch, paid, µs",
        "reads",
        "new root after it, µs",
        "reads",
        "batch, times that with the fewest files",
    ];
    let fewest = levels.first().map(|level| level.batch.time);
    let rows: Vec<Vec<String>> = levels
        .iter()
        .map(|level| {
            let all = [
                &level.nothing,
                &level.first,
                &level.next,
                &level.batch,
                &level.root,
            ];
            let mut row = vec![level.files.to_string()];
            row.extend(all.into_iter().flat_map(cells));
            row.extend(fewest.map(|fewest| times(level.batch.time, fewest)));
            row
        })
        .collect();
    table(&head, &rows)
}

fn weights_table(levels: &[Level]) -> String {
    let head = [
        "files committed",
        "one answer: weight charged, µs",
        "taken of the block, µs",
        "bytes of the transaction",
        "batch: weight charged, µs",
        "taken of the block, µs",
        "bytes of the transaction",
        "items of the state it reads",
        "bytes of the trie that prove them",
    ];
    let rows: Vec<Vec<String>> = levels
        .iter()
        .map(|level| {
            let (one, batch) = (level.weight_of_one, level.weight_of_batch);
            vec![
                level.files.to_string(),
                one.0.to_string(),
                one.1.to_string(),
                level.bytes_of_one.to_string(),
                batch.0.to_string(),
                batch.1.to_string(),
                level.bytes_of_batch.to_string(),
                level.items.to_string(),
                level.proof.to_string(),
            ]
        })
        .collect();
    table(&head, &rows)
}

fn draws_table(levels: &[Level]) -> String {
    let head = [
        "files committed",
        "file of a challenge by the sum tree, µs",
        "reads",
        "by going through the files, the peer, µs",
        "reads",
        "peer, times the tree",
    ];
    let rows: Vec<Vec<String>> = levels
        .iter()
        .map(|level| {
            let mut row = vec![level.files.to_string()];
            row.extend([&level.draw, &level.scan].into_iter().flat_map(cells));
            row.push(times(level.scan.time, level.draw.time));
            row
        })
        .collect();
    table(&head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_as_many_cells_as_its_head() {
        let took = |micros, reads| Took {
            time: Duration::from_micros(micros),
            reads,
        };
        let level = |files, time| Level {
            files,
            batch: took(time, 40),
            draw: took(10, 20),
            scan: took(250, 500),
            challenges: 8,
            ..Level::default()
        };
        let text = markdown(&[level(10, 1_000), level(1_000, 1_100)], 1024, 3);
        assert!(text.contains("asked for 8 sectors"), "{text}");
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 3 * 4);
        for of_table in rows.chunks(4) {
            let cells = |line: &str| line.matches(" | ").count();
            assert_eq!(cells(of_table[0]), cells(of_table[2]), "{text}");
            assert_eq!(cells(of_table[0]), cells(of_table[3]), "{text}");
        }
        assert!(rows[3].ends_with("| 1.1 |"), "{text}");
        assert!(rows[11].ends_with("| 25.0 |"), "{text}");
    }
}
