//! What is refused: with a reason, and without a trace on the chain or at a provider.

use std::{
    fs::Permissions,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{ensure, Context};
use noema_chain_client::{
    Call, FileId, ProviderRecord, Role, SigningKey, SlotState, SubmitError, Submitter,
};
use noema_local_net::{LocalNet, PortChoice};
use noema_storage::{
    client::{commit_file, FileRef, StorageClient},
    UploadToken,
};
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    network::{self, seed, until_deal},
};

const PATIENCE: Duration = Duration::from_secs(180);
const MIB: u64 = 1 << 20;
/// One token, in the smallest unit.
const NOEMA: u128 = 10_u128.pow(18);
/// More than the fees of a few refused calls, in the smallest unit.
const FEES: u128 = NOEMA;

/// What must not change when something is refused.
#[derive(Debug, PartialEq)]
struct Trace {
    deals: Vec<FileId>,
    held_back: u128,
    providers: Vec<ProviderRecord>,
}

async fn trace(net: &LocalNet, of: &str) -> anyhow::Result<(Trace, u128)> {
    let account = network::account(of)?;
    let state = net.client().at_finalized().await?;
    let mut deals = state.deals_of(&account).await?;
    deals.sort_unstable_by_key(|file| file.0);
    let money = state.account(&account).await?;
    let providers = state.providers(Role::Storage).await?;
    Ok((
        Trace {
            deals,
            held_back: money.reserved,
            providers,
        },
        money.free,
    ))
}

/// Runs a command that must be refused for a reason that contains one of `reasons`, and leave no trace.
async fn refuse(
    net: &LocalNet,
    noema: &Noema,
    arguments: &[&str],
    reasons: &[&str],
) -> anyhow::Result<()> {
    let (before, free) = trace(net, "Alice").await?;
    let said = noema.refused(arguments).await?;
    let shown: String = arguments
        .iter()
        .map(|a| if a.len() > 60 { "<long>" } else { a })
        .collect::<Vec<_>>()
        .join(" ");
    println!("noema {shown}: {}", said.trim());
    let lower = said.to_lowercase();
    ensure!(
        reasons.iter().any(|reason| lower.contains(reason)),
        "`noema {shown}`: expected one of {reasons:?} in `{said}`"
    );
    // Whatever it may have submitted is final in the block after the next.
    let now = net.client().finalized().number;
    net.client().wait_finalized(now + 2).await?;
    let (after, free_after) = trace(net, "Alice").await?;
    ensure!(
        before == after,
        "`noema {shown}` left a trace: {before:#?} became {after:#?}"
    );
    // Alice authors, too: what she gets for an earlier block may arrive meanwhile.
    ensure!(
        free.saturating_sub(free_after) < FEES,
        "`noema {shown}` cost {}",
        free - free_after
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_refuses_with_a_reason_and_no_trace() -> anyhow::Result<()> {
    let net = network::start(3).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let make = |name: &str, size: u64| -> anyhow::Result<String> {
        let path = dir.path().join(name);
        write_seeded(&path, size, seed("refusals"))?;
        Ok(path.to_str().context("a path in UTF-8")?.to_owned())
    };
    let good = make("good", 1000)?;
    let empty = make("empty", 0)?;
    let directory = dir.path().to_str().context("a path in UTF-8")?.to_owned();
    let absent = dir
        .path()
        .join("absent")
        .to_str()
        .context("a path in UTF-8")?
        .to_owned();
    let put = |path: &str, replicas: &str| {
        [
            "storage".to_owned(),
            "put".into(),
            path.into(),
            "--replicas".into(),
            replicas.into(),
        ]
    };
    let cases: [(&str, &str, &[&str]); 5] = [
        (&empty, "1", &["empty"]),
        (&directory, "1", &["directory"]),
        (&absent, "1", &["no such file", "not found"]),
        (&good, "0", &["replica"]),
        (&good, "4", &["provider", "replica"]),
    ];
    for (path, replicas, reasons) in cases {
        let arguments = put(path, replicas);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        refuse(&net, &noema, &arguments, reasons).await?;
    }

    // A file that only its owner may read, asked for by somebody else.
    let secret = make("secret", 1000)?;
    std::fs::set_permissions(&secret, Permissions::from_mode(0o000))?;
    let other = as_nobody(&noema, dir.path())?;
    refuse(
        &net,
        &other,
        &["storage", "put", &secret, "--replicas", "1"],
        &["permission denied"],
    )
    .await?;

    // An account that nobody registered as a provider.
    noema
        .ask(&["storage", "put", &good, "--replicas", "3"])
        .await?;
    let id = FileRef::from(&commit_file(Path::new(&good), None).await?)
        .file
        .to_string();
    let stranger = network::account("Eve")?.to_string();
    let out = dir
        .path()
        .join("out")
        .to_str()
        .context("a path in UTF-8")?
        .to_owned();
    refuse(
        &net,
        &noema,
        &["storage", "get", &id, "--from", &stranger, "--output", &out],
        &["provider"],
    )
    .await?;
    ensure!(!Path::new(&out).exists(), "a refused download left a file");

    // Endpoints. Eve has no provider; a bad endpoint must be refused for what it is before that matters.
    let long = format!("http://127.0.0.1/{}", "a".repeat(10 * 1024));
    for endpoint in [
        long.as_str(),
        "http://127.0.0.1:80/\u{7}",
        "http://127.0.0.1:80/\n",
        "ftp://127.0.0.1",
        "http://192.0.2.1:8201",
        "https://192.0.2.1:8201",
    ] {
        refuse(
            &net,
            &noema,
            &["provider", "set-endpoint", endpoint],
            &["endpoint"],
        )
        .await?;
    }

    // Money: more than there is.
    let bob = network::account("Bob")?;
    let all = network::balance(&net, &network::account("Alice")?)
        .await?
        .free
        / NOEMA
        + 1;
    refuse(
        &net,
        &noema,
        &["account", "transfer", &bob.to_string(), &all.to_string()],
        &["insufficient", "not enough", "balance", "funds"],
    )
    .await?;

    net.shutdown().await;
    Ok(())
}

/// The command line as a user without rights; root may read everything, so the program is copied to where that user may run it.
fn as_nobody(noema: &Noema, dir: &Path) -> anyhow::Result<Noema> {
    let root = std::fs::metadata("/proc/self")?.uid() == 0;
    if !root {
        return Ok(noema.clone());
    }
    let copy = dir.join("noema");
    std::fs::copy(noema.program(), &copy)?;
    for path in [dir, copy.as_path()] {
        std::fs::set_permissions(path, Permissions::from_mode(0o755))?;
    }
    Ok(noema.by_user(copy, 65534))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_refuses_with_a_reason_and_no_trace() -> anyhow::Result<()> {
    let net = network::start(2).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("file");
    write_seeded(&path, 2 * MIB, seed("refusals on chain"))?;
    noema
        .ask(&[
            "storage",
            "put",
            path.to_str().context("a path in UTF-8")?,
            "--replicas",
            "2",
        ])
        .await?;
    let file = FileRef::from(&commit_file(&path, None).await?);
    let alice = network::account("Alice")?;
    let held = |deal: &noema_chain_client::Deal| {
        deal.slots
            .iter()
            .all(|s| matches!(s.state, SlotState::Held { .. }))
    };
    let deal = until_deal(&net, &file.file, &alice, PATIENCE, "held by both", held).await?;
    let (slot, holder, _) = deal.providers()[0];
    let provider = network::provider_of(&net, &holder)?;
    let operator = Submitter::new(net.client().clone(), provider.operator_key().clone());
    let bonded = Submitter::new(net.client().clone(), provider.key().clone());
    let owner = network::submitter(&net, "Alice")?;
    let stranger = network::submitter(&net, "Eve")?;

    // An account with hardly any money.
    let poor = SigningKey::from_suri("//Poor")?;
    owner
        .submit(Call::TransferKeepAlive {
            to: poor.account(),
            amount: NOEMA / 10,
        })
        .await?;
    let poor = Submitter::new(net.client().clone(), poor);

    let commit = |root: u8, size: u64, replicas: u8| Call::Commit {
        root: [root; 32],
        size,
        replicas,
        rounds: 120,
        max: u128::MAX,
    };
    let ready = Call::Ready {
        file: file.file,
        owner: alice,
        slot,
    };
    let endpoint = |endpoint: String| Call::SetEndpoint {
        role: Role::Storage,
        endpoint,
    };
    // What is done, by whom, and the errors (pallet, name) of which one is expected; any refusal if none is listed.
    type Case<'a> = (&'a str, &'a Submitter, Call, &'a [(&'a str, &'a str)]);
    let cases: Vec<Case<'_>> = vec![
        (
            "an empty file",
            &owner,
            commit(1, 0, 1),
            &[("Storage", "EmptyFile")],
        ),
        (
            "no replicas",
            &owner,
            commit(1, MIB, 0),
            &[("Storage", "NoReplicas")],
        ),
        (
            "more replicas than allowed",
            &owner,
            commit(1, MIB, 200),
            &[("Storage", "TooManyReplicas")],
        ),
        (
            "more replicas than providers",
            &owner,
            commit(1, MIB, 3),
            &[("Storage", "NotEnoughProviders")],
        ),
        (
            "a deposit beyond the balance",
            &poor,
            commit(1, 1 << 40, 2),
            &[("Storage", "InsufficientDeposit")],
        ),
        (
            "a second ready",
            &operator,
            ready.clone(),
            &[("Storage", "NotAwaitingReady")],
        ),
        (
            "ready by a stranger",
            &stranger,
            ready,
            &[("Storage", "NotAnOperator")],
        ),
        (
            "a proof that is not awaited",
            &operator,
            Call::Prove {
                file: file.file,
                owner: alice,
                slot,
                proof: vec![],
            },
            &[
                ("Storage", "NotAwaitingProof"),
                ("Storage", "WrongProofCount"),
            ],
        ),
        (
            "removal by a stranger",
            &stranger,
            Call::Remove {
                file: file.file,
                replicas: u8::MAX,
            },
            &[("Storage", "UnknownDeal")],
        ),
        (
            "removal of fewer replicas than there are",
            &owner,
            Call::Remove {
                file: file.file,
                replicas: 0,
            },
            &[("Storage", "WitnessTooLow")],
        ),
        (
            "an endpoint of 10 KB",
            &bonded,
            endpoint(format!("http://localhost/{}", "a".repeat(10 * 1024))),
            &[],
        ),
        (
            "an endpoint with a control character",
            &bonded,
            endpoint("http://localhost/\u{1}".into()),
            &[],
        ),
        (
            "an endpoint of another scheme",
            &bonded,
            endpoint("ftp://h".into()),
            &[],
        ),
        (
            "a plain endpoint elsewhere",
            &bonded,
            endpoint("http://192.0.2.1:8201".into()),
            &[("Providers", "EndpointNotEncrypted")],
        ),
        (
            "an endpoint without a key",
            &bonded,
            endpoint("https://192.0.2.1:8201".into()),
            &[("Providers", "EndpointNotPinned")],
        ),
        ("an empty endpoint", &bonded, endpoint(String::new()), &[]),
    ];
    for (what, submitter, call, expected) in cases {
        let (before, _) = trace(&net, "Alice").await?;
        let error = match submitter.submit(call).await {
            Err(error) => error,
            Ok(done) => anyhow::bail!("{what} was not refused: {done:?}"),
        };
        println!("{what}: {error}");
        if !expected.is_empty() {
            let failure = error
                .dispatch()
                .with_context(|| format!("{what}: expected a failed call, found {error}"))?;
            ensure!(
                expected
                    .iter()
                    .any(|(pallet, name)| failure.is(pallet, name)),
                "{what}: expected {expected:?}, found {failure}"
            );
        } else {
            let refused = error
                .dispatch()
                .is_some_and(|f| f.pallet.as_deref() == Some("Providers"))
                || matches!(error, SubmitError::Rejected { .. } | SubmitError::Chain(_));
            ensure!(
                refused,
                "{what}: expected a refusal of the endpoint, found {error}"
            );
        }
        let (after, _) = trace(&net, "Alice").await?;
        ensure!(
            before == after,
            "{what} left a trace: {before:#?} became {after:#?}"
        );
    }
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_refuses_with_a_reason_and_no_trace() -> anyhow::Result<()> {
    let net = network::start(1).await?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("file");
    write_seeded(&path, 2 * MIB, seed("refusals of a daemon"))?;
    let bytes = std::fs::read(&path)?;
    let commitment = commit_file(&path, None).await?;
    let file = FileRef::from(&commitment);
    // The same root with twice the size: no proof of this file has the shape that this size asks for.
    let misfit = FileRef::new(file.root, 2 * file.size())?;
    let provider = net.provider(0);
    let owner = SigningKey::dev("Alice")?;
    let submitter = Submitter::new(net.client().clone(), owner.clone());
    let (before, _) = trace(&net, "Alice").await?;
    for file in [&file, &misfit] {
        network::place(&net, &submitter, file).await?;
    }

    let storage = StorageClient::default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    let expires = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs()
        + 3600;
    let genesis = net.client().genesis_hash();
    let token = |key: &SigningKey, file: &FileRef| {
        UploadToken::sign(key, &genesis, &file.file, &provider.account(), expires)
    };
    let frame = |index: u64| -> anyhow::Result<Vec<u8>> {
        let siblings = commitment
            .segment_siblings(index)
            .context("the file has this segment")?;
        let start = usize::try_from(index)? * 262_144;
        let data = &bytes[start..bytes.len().min(start + 262_144)];
        Ok([
            &[1, u8::try_from(siblings.len())?],
            siblings.concat().as_slice(),
            data,
        ]
        .concat())
    };
    let send = |file: &FileRef, index: u64, authorization: Option<String>, body: Vec<u8>| {
        let url = format!(
            "{}/v1/files/{}/segments/{index}",
            provider.endpoint(),
            hex::encode(file.file.0)
        );
        let mut request = http.put(url).body(body);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        request.send()
    };
    let alice_token = |file: &FileRef| Some(token(&owner, file).to_header());
    let mut cut = frame(0)?;
    cut.truncate(cut.len() - 256);
    let mut flipped = frame(0)?;
    let last = flipped.len() - 1;
    flipped[last] ^= 1;

    let cases = [
        ("no token", send(&file, 0, None, frame(0)?).await?),
        (
            "a token of somebody else",
            send(
                &file,
                0,
                Some(token(&SigningKey::dev("Eve")?, &file).to_header()),
                frame(0)?,
            )
            .await?,
        ),
        (
            "a token for another file",
            send(&file, 0, alice_token(&misfit), frame(0)?).await?,
        ),
        (
            "the proof of another segment",
            send(&file, 0, alice_token(&file), frame(1)?).await?,
        ),
        (
            "a flipped bit",
            send(&file, 0, alice_token(&file), flipped).await?,
        ),
        (
            "a short segment",
            send(&file, 0, alice_token(&file), cut).await?,
        ),
        (
            "no segment",
            send(&file, 0, alice_token(&file), vec![]).await?,
        ),
        (
            "a segment beyond the end",
            send(&file, 99, alice_token(&file), frame(0)?).await?,
        ),
        (
            "a segment of more than a frame",
            send(&file, 0, alice_token(&file), vec![1; 2 << 20]).await?,
        ),
        (
            "a size that does not fit the root's shape",
            send(&misfit, 0, alice_token(&misfit), frame(0)?).await?,
        ),
    ];
    for (what, answer) in cases {
        let status = answer.status();
        let said = answer.text().await?;
        println!("{what}: {status} {said}");
        ensure!(
            status.is_client_error(),
            "{what}: expected a refusal, found {status} {said}"
        );
        let error: serde_json::Value =
            serde_json::from_str(&said).with_context(|| format!("{what}: `{said}`"))?;
        ensure!(
            error["error"]["message"]
                .as_str()
                .is_some_and(|m| !m.is_empty()),
            "{what}: no reason in {error}"
        );
    }
    for file in [&file, &misfit] {
        let status = storage
            .file_status(&provider.endpoint(), &file.file)
            .await?
            .context("the daemon has the deal")?;
        ensure!(
            status.have == 0,
            "refused segments are counted as held: {status:?}"
        );
    }

    // The deal that cannot be kept goes, and its deposit comes back; so does the other.
    for file in [&file, &misfit] {
        let call = Call::Remove {
            file: file.file,
            replicas: 1,
        };
        submitter.submit(call).await?;
    }
    let (after, _) = trace(&net, "Alice").await?;
    ensure!(
        before == after,
        "removed deals left a trace: {before:#?} became {after:#?}"
    );
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_nothing_is_lost() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let Some(small) = SmallDisk::mount(dir.path().join("small"), 96)? else {
        // On a person's machine without the right to mount; CI has it.
        println!("not shown here: this user may not mount a small disk");
        return Ok(());
    };
    let net = network_on(&small).await?;
    let noema = Noema::of(&net)?;
    let provider = net.provider(0);
    let path = dir.path().join("file");
    write_seeded(&path, 40 * MIB, seed("full disk"))?;
    let name = path.to_str().context("a path in UTF-8")?;
    let put = ["storage", "put", name, "--replicas", "1"];

    // 40 MiB fit beside the reserve of 32 MiB, so that they are let in; then others fill the disk, and half of the reserve is soon gone.
    let mut running = noema.spawn(&put)?;
    let begun = FileRef::from(&commit_file(&path, None).await?).file;
    network::until("the upload has begun", Duration::from_secs(120), || async {
        let (client, endpoint) = (StorageClient::default(), provider.endpoint());
        let status = client.file_status(&endpoint, &begun).await?;
        Ok(status.filter(|status| status.have > 0).map(|_| ()))
    })
    .await?;
    ensure!(!running.has_ended(), "40 MiB at 1 MiB a second take longer");
    std::fs::write(small.path.join("ballast"), vec![0; 50 << 20])?;
    let said = running.finish().await?.refusal()?;
    println!("put: {}", said.trim());
    let lower = said.to_lowercase();
    ensure!(
        lower.contains("space") || lower.contains("full"),
        "expected that the disk is full, found `{said}`"
    );
    ensure!(
        said.contains(&provider.account().to_string()),
        "the provider is not named in `{said}`"
    );

    // The daemon lives, and what it acknowledged is there, also after a crash.
    let file = FileRef::from(&commit_file(&path, None).await?);
    let storage = StorageClient::default();
    let have = |status: &noema_storage::client::FileStatus| status.have;
    let before = storage
        .file_status(&provider.endpoint(), &file.file)
        .await?
        .context("the daemon has the deal")?;
    ensure!(
        !before.complete,
        "40 MiB fit on a disk of 96 MiB, of which 50 MiB are taken and 16 MiB must stay free"
    );
    println!(
        "{} of {} segments were stored before the disk was full",
        before.have, before.segments
    );
    ensure!(
        before.have > 0,
        "nothing was stored before the disk was full: {before:?}"
    );
    provider.kill9().await;
    small.resize(256)?;
    provider.restart().await?;
    let after = storage
        .file_status(&provider.endpoint(), &file.file)
        .await?
        .context("the daemon has the deal")?;
    ensure!(
        have(&after) >= have(&before),
        "acknowledged segments are gone: {before:?} became {after:?}"
    );

    // A file that does not fit is refused before any of it is taken.
    let large = dir.path().join("large");
    write_seeded(&large, 400 * MIB, seed("larger than the disk"))?;
    let large_name = large.to_str().context("a path in UTF-8")?;
    let said = noema
        .refused(&["storage", "put", large_name, "--replicas", "1"])
        .await?;
    ensure!(
        said.contains("no space for file"),
        "expected that the file does not fit, found `{said}`"
    );
    let large = FileRef::from(&commit_file(&large, None).await?).file;
    let status = storage
        .file_status(&provider.endpoint(), &large)
        .await?
        .context("the daemon has the deal")?;
    ensure!(status.have == 0, "some of it was taken: {status:?}");

    // With room the same command goes on where it was, and ends.
    noema.ask(&put).await?;
    let copy = dir.path().join("copy");
    let id = file.file.to_string();
    noema
        .ask(&[
            "storage",
            "get",
            &id,
            "--output",
            copy.to_str().context("a path in UTF-8")?,
        ])
        .await?;
    let difference = first_difference(&path, &copy)?;
    ensure!(
        difference.is_none(),
        "the copy differs from byte {difference:?} on"
    );

    // A download onto a full disk leaves nothing behind.
    let tiny = SmallDisk::mount(dir.path().join("tiny"), 8)?.context("it was possible before")?;
    let out = tiny.path.join("out");
    let said = noema
        .refused(&[
            "storage",
            "get",
            &id,
            "--output",
            out.to_str().context("a path in UTF-8")?,
        ])
        .await?;
    let lower = said.to_lowercase();
    ensure!(
        lower.contains("space") || lower.contains("full"),
        "expected that the disk is full, found `{said}`"
    );
    let left: Vec<_> = std::fs::read_dir(&tiny.path)?.collect();
    ensure!(left.is_empty(), "a refused download left {left:?}");
    net.shutdown().await;
    Ok(())
}

async fn network_on(disk: &SmallDisk) -> anyhow::Result<LocalNet> {
    let mut shape = LocalNet::builder().providers(1).ports(PortChoice::Free);
    // So slow that something can happen meanwhile.
    for argument in ["--disk-reserve", "32MiB", "--upload-rate", "1MiB"] {
        shape = shape.provider_arg(argument);
    }
    Ok(shape
        .provider_data_dir(0, disk.path.join("data"))
        .start()
        .await?)
}

/// A file system in memory with little room; unmounted when dropped.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one of `mebibytes` at `path`. `None` if this user may not; in CI that is an error.
    fn mount(path: PathBuf, mebibytes: u64) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir(&path)?;
        let size = format!("size={mebibytes}m");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Some(Self { path })),
            other => {
                ensure!(
                    std::env::var_os("CI").is_none(),
                    "CI must be able to mount a small disk: {other:?}"
                );
                Ok(None)
            }
        }
    }

    fn resize(&self, mebibytes: u64) -> anyhow::Result<()> {
        let size = format!("remount,size={mebibytes}m");
        let status = std::process::Command::new("mount")
            .args(["-o", &size])
            .arg(&self.path)
            .status()?;
        ensure!(status.success(), "cannot resize {}", self.path.display());
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process may still be on its way out.
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.path)
            .status();
    }
}
