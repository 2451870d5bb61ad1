//! Starts that cannot succeed end soon, say why, and leave nothing running.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use noema_local_net::{Binaries, Error, LocalNet, PortChoice};

/// A program that prints a chain specification when asked for one, and else runs `behaviour`.
fn program(dir: &Path, behaviour: &str) -> Binaries {
    let path = dir.join("program.sh");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = export-chain-spec ]; then echo '{{}}'; exit; fi\n{behaviour}\n"
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Binaries {
        node: path.clone(),
        storage: path,
    }
}

async fn start(data: PathBuf, binaries: Binaries) -> Result<LocalNet, Error> {
    LocalNet::builder()
        .data_dir(data)
        .binaries(binaries)
        .ports(PortChoice::Free)
        .start()
        .await
}

#[tokio::test]
async fn start_with_a_node_that_dies_tells_its_last_words() {
    let dir = tempfile::tempdir().unwrap();
    let binaries = program(dir.path(), "echo 'the database is broken' >&2; exit 7");
    let error = start(dir.path().join("data"), binaries).await.unwrap_err();
    let Error::Died(crash) = error else {
        panic!("{error}")
    };
    assert_eq!(crash.name, "node-1");
    assert!(crash.status.contains('7'), "{crash}");
    assert!(crash.tail.contains("the database is broken"), "{crash}");
    let log = fs::read_to_string(dir.path().join("data/logs/node-1.log")).unwrap();
    assert!(log.contains("the database is broken"));
}

#[tokio::test]
async fn start_that_is_given_up_leaves_nothing_running() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("pid");
    let behaviour = format!("echo $$ > {}; exec sleep 1000", pid_file.display());
    let binaries = program(dir.path(), &behaviour);
    let starting = start(dir.path().join("data"), binaries);
    tokio::time::timeout(Duration::from_secs(3), starting)
        .await
        .unwrap_err();
    let pid = fs::read_to_string(&pid_file).unwrap();
    assert!(
        !Path::new("/proc").join(pid.trim()).exists(),
        "process {pid} still runs"
    );
}

#[tokio::test]
async fn start_without_programs_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let none = PathBuf::from("/nonexistent/noema-node");
    let binaries = Binaries {
        node: none.clone(),
        storage: none,
    };
    let error = start(dir.path().join("data"), binaries).await.unwrap_err();
    assert!(
        error.to_string().contains("/nonexistent/noema-node"),
        "{error}"
    );
}

#[tokio::test]
async fn start_on_a_directory_in_use_is_refused_while_the_other_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let binaries = program(dir.path(), "exec sleep 1000");
    let first = tokio::spawn(start(data.clone(), binaries.clone()));
    while !data.join("network.json").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = start(data.clone(), binaries).await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    first.abort();
    let _ = first.await;
}
