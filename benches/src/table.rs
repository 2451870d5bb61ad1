//! Figures as they are printed.

use std::time::Duration;

/// Millions of bytes a second.
pub fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

/// The middle one of some measurements; the lower of two in the middle. `None` of none.
pub fn median<T: Ord + Copy>(of: &[T]) -> Option<T> {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// The least of some measurements that is not below this share of them, in per cent (nearest rank). `None` of none.
pub fn percentile<T: Ord + Copy>(of: &[T], share: usize) -> Option<T> {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * share).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Rows of a Markdown table under a head.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{rule}{rows}", line(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_markdown() {
        let rows = [vec!["a".to_owned(), "1".to_owned()]];
        assert_eq!(
            table(&["what", "MB/s"], &rows),
            "| what | MB/s |\n|---|---|\n| a | 1 |\n"
        );
    }

    #[test]
    fn median_is_the_middle_whatever_the_order() {
        assert_eq!(median(&[3, 1, 2]), Some(2));
        assert_eq!(median(&[4, 1, 3, 2]), Some(2));
        assert_eq!(median::<u8>(&[]), None);
    }

    #[test]
    fn percentiles_are_measurements() {
        let to_hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentile(&to_hundred, 50), Some(50));
        assert_eq!(percentile(&to_hundred, 95), Some(95));
        assert_eq!(percentile(&[10, 30, 20], 50), Some(20));
        assert_eq!(percentile(&[10, 30, 20], 95), Some(30));
        assert_eq!(percentile(&[7], 0), Some(7));
        assert_eq!(percentile::<u8>(&[], 50), None);
    }

    #[test]
    fn rates_count_millions_of_bytes() {
        assert!((rate(2_000_000, Duration::from_millis(500)) - 4.0).abs() < 1e-9);
    }
}
