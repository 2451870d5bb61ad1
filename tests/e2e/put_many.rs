//! Many files put by one command: priced and committed together, each with its own result, and nothing twice.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context};
use noema_chain_client::FileId;
use noema_local_net::LocalNet;
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    network::{self, proving, seed},
};
use serde_json::Value;

/// Bytes of each file.
const SIZE: u64 = 4096;

/// How many files: what fits into CI, or what is claimed.
fn count() -> usize {
    match proving() {
        true => 1000,
        false => 100,
    }
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}

/// Files in a directory and one below it.
fn make(dir: &Path, count: usize) -> anyhow::Result<PathBuf> {
    let tree = dir.join("tree");
    std::fs::create_dir_all(tree.join("below"))?;
    let seed = seed("put many");
    for n in 0..count {
        let place = if n % 2 == 0 { "" } else { "below" };
        let path = tree.join(place).join(format!("{n:05}"));
        write_seeded(&path, SIZE, seed + n as u64)?;
    }
    Ok(tree)
}

async fn deals(net: &LocalNet) -> anyhow::Result<Vec<FileId>> {
    let alice = network::account("Alice")?;
    let mut deals = net.client().at_finalized().await?.deals_of(&alice).await?;
    deals.sort();
    Ok(deals)
}

fn total(answer: &Value, name: &str) -> anyhow::Result<u64> {
    answer["totals"][name]
        .as_u64()
        .with_context(|| format!("no {name} in the totals {}", answer["totals"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_are_stored_by_one_command_and_nothing_twice() -> anyhow::Result<()> {
    let net = network::start(3).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let count = count();
    let tree = make(dir.path(), count)?;
    let tree_name = text(&tree)?;

    // What cannot be stored is told before anything is paid, all of it at once.
    let empty = dir.path().join("empty");
    write_seeded(&empty, 0, 1)?;
    let absent = dir.path().join("absent");
    let (empty, absent) = (text(&empty)?, text(&absent)?);
    for (arguments, reasons) in [
        (
            vec![tree_name, empty, absent, "--recursive"],
            vec!["empty is empty", "absent"],
        ),
        (vec![tree_name, absent], vec!["--recursive", "absent"]),
        (
            vec![tree_name, "--recursive", "--max-price", "0.000001"],
            vec!["price_above_maximum"],
        ),
        (
            vec![tree_name, "--recursive", "--replicas", "4"],
            vec!["not_enough_providers"],
        ),
    ] {
        let mut put = vec!["storage", "put"];
        put.extend(arguments);
        let said = noema.refused(&put).await?;
        println!("{}", said.trim());
        for reason in reasons {
            ensure!(said.contains(reason), "expected `{reason}` in `{said}`");
        }
    }
    ensure!(deals(&net).await?.is_empty(), "a refusal left a deal");

    // A second name for the same content, and a link that leads elsewhere.
    std::fs::copy(tree.join("00000"), tree.join("copy"))?;
    std::os::unix::fs::symlink("/etc", tree.join("link"))?;
    let put = [
        "storage",
        "put",
        tree_name,
        "--recursive",
        "--replicas",
        "2",
    ];
    let outcome = noema.run(&put).await?;
    let answer = outcome.answer()?;
    println!(
        "{count} files of {SIZE} bytes in {:.1} s: {:.1} files a second",
        outcome.took.as_secs_f64(),
        count as f64 / outcome.took.as_secs_f64()
    );
    println!("{}", answer["totals"]);
    let files = answer["files"].as_array().context("a list of files")?;
    ensure!(files.len() == count + 1, "{} results", files.len());
    for file in files {
        let good = file["state"] == "active" && file["error"].is_null();
        ensure!(good, "expected an active file, found {file}");
    }
    for (name, expected) in [
        ("stored", count + 1),
        ("failed", 0),
        ("duplicates", 1),
        ("committed", count),
    ] {
        let found = total(&answer, name)?;
        ensure!(
            found == expected as u64,
            "{name}: expected {expected}, found {found}"
        );
    }
    ensure!(
        total(&answer, "batches")? <= count.div_ceil(16) as u64,
        "hardly anything was committed together: {}",
        answer["totals"]
    );
    let stored = deals(&net).await?;
    ensure!(stored.len() == count, "{} deals", stored.len());

    // Again: everything is found, nothing is committed, sent or paid.
    let before = network::balance(&net, &network::account("Alice")?).await?;
    let again = noema.ask(&put).await?;
    for (name, expected) in [("stored", count + 1), ("committed", 0), ("batches", 0)] {
        let found = total(&again, name)?;
        ensure!(
            found == expected as u64,
            "again, {name}: expected {expected}, found {found}"
        );
    }
    let all_known = again["files"].as_array().context("a list of files")?;
    let known = |file: &&Value| file["already_committed"] == true && file["uploaded_to"].is_null();
    ensure!(all_known.iter().filter(known).count() == count + 1);
    let after = network::balance(&net, &network::account("Alice")?).await?;
    ensure!(before.nonce == after.nonce, "something was submitted");
    ensure!(deals(&net).await? == stored, "the deals changed");

    // One of them, back.
    let last = files
        .iter()
        .find(|file| {
            file["path"]
                .as_str()
                .is_some_and(|path| path.ends_with("00007"))
        })
        .context("the eighth file")?;
    let id = last["id"].as_str().context("an id")?;
    let copy = dir.path().join("back");
    noema
        .ask(&["storage", "get", id, "--output", text(&copy)?])
        .await?;
    let difference = first_difference(&tree.join("below/00007"), &copy)?;
    ensure!(difference.is_none(), "differs from byte {difference:?} on");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_killed_is_continued_by_the_same() -> anyhow::Result<()> {
    let net = network::start(1).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let count = count();
    let tree = make(dir.path(), count)?;
    let put = ["storage", "put", text(&tree)?, "-r", "--replicas", "1"];
    let running = noema.spawn(&put)?;
    network::until(
        "some files are committed to",
        std::time::Duration::from_secs(120),
        || async {
            let deals = deals(&net).await?.len();
            Ok((deals > 0).then_some(()))
        },
    )
    .await?;
    running.kill9().await?;
    // What was under way is final soon.
    let now = net.client().finalized().number;
    net.client().wait_finalized(now + 5).await?;
    let left_behind = deals(&net).await?.len();
    println!("{left_behind} of {count} files had a deal when the command was killed");

    let answer = noema.ask(&put).await?;
    ensure!(
        total(&answer, "stored")? == count as u64,
        "{}",
        answer["totals"]
    );
    let committed = total(&answer, "committed")?;
    ensure!(
        committed == (count - left_behind) as u64,
        "expected that {} files were new, found {committed}",
        count - left_behind
    );
    ensure!(
        deals(&net).await?.len() == count,
        "a file has two deals or none"
    );
    net.shutdown().await;
    Ok(())
}
