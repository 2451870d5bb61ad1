//! The README's five-minute tour, typed as it stands there.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{bail, ensure, Context};
use noema_tests::{cli, network::until, tour};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_works_as_written() -> anyhow::Result<()> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("this crate is in the checkout")?;
    let readme = std::fs::read_to_string(checkout.join("README.md"))?;
    let blocks = tour::blocks(&readme);
    ensure!(
        blocks.len() >= 4,
        "expected the tour's blocks in README.md, found {}",
        blocks.len()
    );

    // `make dev` and `make next-runtime` have been made when this test runs: what they leave is put where they leave it.
    let place = tempfile::tempdir()?;
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let script = std::process::Command::new(checkout.join("scripts/build-next-runtime.sh"))
        .arg("--path")
        .output()?;
    let taken = PathBuf::from(String::from_utf8(script.stdout)?.trim());
    ensure!(
        taken.file_name().is_some() && taken.file_name() == Path::new(next).file_name(),
        "`make next-runtime` takes {}, the build leaves {next}",
        taken.display()
    );
    std::fs::copy(next, place.path().join("next-runtime.wasm"))?;
    let programs = cli::binary("noema")?
        .parent()
        .context("a program has a directory")?
        .to_owned();
    let path = format!(
        "{}:{}",
        programs.display(),
        std::env::var("PATH").unwrap_or_default()
    );

    let shell = |script: &str| {
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(place.path())
            .env("PATH", &path)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    };

    let mut network = shell("exec noema up --compute --da --tmp")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut lines = BufReader::new(network.stdout.take().context("piped")?).lines();
    let printed = timeout(PATIENCE, async {
        let mut printed = Vec::new();
        while let Some(line) = lines.next_line().await? {
            let ready = line.contains("Ctrl-C");
            printed.push(line);
            if ready {
                return Ok(printed);
            }
        }
        bail!("`noema up` ended before it was ready: {printed:?}")
    })
    .await
    .context("`noema up` was not ready in time")??;
    for line in &printed {
        println!("| {line}");
    }
    // The usual port may be taken on this machine; whoever follows the tour then says where the chain answers, too.
    let url = printed
        .iter()
        .flat_map(|line| line.split_whitespace())
        .find(|word| word.starts_with("ws://"))
        .context("`noema up` prints where the chain answers")?
        .to_owned();
    let proxy = printed
        .iter()
        .filter(|line| line.contains("OpenAI"))
        .flat_map(|line| line.split_whitespace())
        .find(|word| word.starts_with("http://"))
        .context("`noema up` prints where the proxy answers")?
        .to_owned();
    // Whoever prints must be read.
    let drain = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });

    for (step, script) in &blocks {
        // The two blocks that start things: done above.
        if step == "start" || step == "build" {
            continue;
        }
        println!("$ {}", script.trim_end().replace('\n', "\n$ "));
        let mut typed = shell(script);
        typed.env("NOEMA_URL", &url).env("NOEMA_PROXY_URL", &proxy);
        let done = timeout(PATIENCE, typed.output())
            .await
            .with_context(|| format!("not done in time:\n{script}"))??;
        let said = String::from_utf8_lossy(&done.stdout);
        println!("{said}");
        ensure!(
            done.status.success(),
            "{}:\n{script}\n{said}{}",
            done.status,
            String::from_utf8_lossy(&done.stderr)
        );
    }

    // Ctrl-C stops everything.
    let pid = i32::try_from(network.id().context("it runs")?)?;
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid),
        nix::sys::signal::Signal::SIGINT,
    )?;
    let status = timeout(Duration::from_secs(60), network.wait())
        .await
        .context("Ctrl-C did not stop it")??;
    ensure!(
        status.success(),
        "after Ctrl-C `noema up` ended with {status}"
    );
    drain.await?;
    until("end of all processes", Duration::from_secs(10), || async {
        let alive = std::fs::read_dir("/proc")?
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("status")).ok())
            .filter(|status| status.lines().any(|line| line == format!("PPid:\t{pid}")))
            .count();
        Ok((alive == 0).then_some(()))
    })
    .await
}
