//! What Criterion left of its measurements.

use std::{fs, path::Path, time::Duration};

use anyhow::Context;
use serde_json::Value;

/// One function of a group of benchmarks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measured {
    /// Its number, by which it is named.
    pub(crate) parameter: usize,
    /// Bytes in one go.
    pub(crate) bytes: u64,
    /// Median time of one go.
    pub(crate) median: Duration,
    /// Shortest time of one go: what it takes when nothing else runs meanwhile.
    pub(crate) best: Duration,
}

/// All functions of a group, by their numbers.
pub(crate) fn group(home: &Path, name: &str) -> anyhow::Result<Vec<Measured>> {
    let group = home.join(name);
    let missing = || {
        let path = group.display();
        format!("no measurements in {path}: run the benchmark `commitment` first")
    };
    let mut all = Vec::new();
    for entry in fs::read_dir(&group).with_context(missing)? {
        let entry = entry.with_context(missing)?;
        // Besides functions there is a report.
        let Some(parameter) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let newest = entry.path().join("new");
        let benchmark = json(&newest.join("benchmark.json"))?;
        let estimates = json(&newest.join("estimates.json"))?;
        let sample = json(&newest.join("sample.json"))?;
        let bytes = benchmark["throughput"]["Bytes"].as_u64();
        let median = estimates["median"]["point_estimate"].as_f64();
        let (Some(bytes), Some(median), Some(best)) = (bytes, median, best(&sample)) else {
            let path = newest.display();
            anyhow::bail!("expected throughput in bytes and times in nanoseconds in {path}");
        };
        let time = |nanoseconds: f64| Duration::from_secs_f64(nanoseconds / 1e9);
        all.push(Measured {
            parameter,
            bytes,
            median: time(median),
            best: time(best),
        });
    }
    all.sort_by_key(|measured| measured.parameter);
    Ok(all)
}

/// The shortest time of one iteration, in nanoseconds.
fn best(sample: &Value) -> Option<f64> {
    let numbers = |field: &str| {
        sample[field]
            .as_array()
            .map(|all| all.iter().map(Value::as_f64))
    };
    numbers("times")?
        .zip(numbers("iters")?)
        .filter_map(|(time, iterations)| Some(time? / iterations?))
        .min_by(f64::total_cmp)
}

fn json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("understand {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_in_the_order_of_their_numbers() {
        let home = tempfile::tempdir().unwrap();
        for (parameter, median) in [("8", "1000.0"), ("1", "5000.0"), ("report", "0")] {
            let newest = home.path().join("one-core").join(parameter).join("new");
            fs::create_dir_all(&newest).unwrap();
            let benchmark = r#"{"throughput":{"Bytes":64}}"#;
            fs::write(newest.join("benchmark.json"), benchmark).unwrap();
            let estimates = format!(r#"{{"median":{{"point_estimate":{median}}}}}"#);
            fs::write(newest.join("estimates.json"), estimates).unwrap();
            let sample = r#"{"iters":[2.0,1.0],"times":[1800.0,1000.0]}"#;
            fs::write(newest.join("sample.json"), sample).unwrap();
        }
        let found = group(home.path(), "one-core").unwrap();
        let expected = [(1, 5), (8, 1)].map(|(parameter, micros)| Measured {
            parameter,
            bytes: 64,
            median: Duration::from_micros(micros),
            best: Duration::from_nanos(900),
        });
        assert_eq!(found, expected);
        let error = group(home.path(), "threads").unwrap_err().to_string();
        assert!(error.contains("run the benchmark"), "{error}");
    }
}
