//! Not committed: a proxy to try clients on by hand.
use std::{fs, path::Path, time::Duration};

use crate::bench::Bench;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manual() {
    let Ok(dir) = std::env::var("NOEMA_MANUAL") else {
        return;
    };
    let bench = Bench::start().await;
    fs::write(format!("{dir}/url"), &bench.proxy.url).unwrap();
    fs::write(format!("{dir}/engine"), &bench.market.engine.url).unwrap();
    while !Path::new(&format!("{dir}/stop")).exists() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    eprintln!("{}", bench.health().await);
    bench.stop().await;
}
