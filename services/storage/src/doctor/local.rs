//! What can be checked on this machine alone.

use std::{fs, io::Write, path::Path};

use noema_chain_client::{AccountId, ProviderRecord};
use noema_transport::{Pin, Tls};

use super::{Directory, Report};
use crate::{
    client::StoreHealth,
    config::{Config, ConfigError},
    store::{room_at, Depth, Examination, StoreError},
    units::ByteSize,
};

pub(super) fn operator_key(
    report: &mut Report,
    operator: Result<AccountId, ConfigError>,
    is_dev: bool,
) -> Option<AccountId> {
    let name = "operator-key";
    match operator {
        Ok(operator) if is_dev => {
            let message = format!("{operator} is a development key, whose secret everybody knows");
            report.warning(
                name,
                message,
                "on a public network, give a key of your own (--operator-key)",
            );
            Some(operator)
        }
        Ok(operator) => {
            let message = format!("{operator}; nobody else on this machine can read its file");
            report.ok(name, message);
            Some(operator)
        }
        Err(error) => {
            let advice = "put the secret of the operator key into a file of the daemon's user with permissions 600, and name it with --operator-key";
            report.failed(name, error.to_string(), advice);
            None
        }
    }
}

pub(super) fn data_directory(report: &mut Report, data_dir: &Path) {
    let (name, shown) = ("data-directory", data_dir.display());
    if !data_dir.is_dir() {
        let message = format!("{shown} does not exist");
        report.warning(name, message, "it is made at the first start; if the provider held files before, mount the disk that has them");
        return;
    }
    match try_to_write(data_dir) {
        Ok(()) => report.ok(name, format!("{shown} can be written")),
        Err(error) => {
            let message = format!("{shown} cannot be written: {error}");
            let advice = "make it the daemon's user's, or run this as that user; see that the disk is mounted for writing and not full";
            report.failed(name, message, advice);
        }
    }
}

fn try_to_write(dir: &Path) -> std::io::Result<()> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| {
            file.write_all(b"noema")?;
            file.sync_all()
        });
    let removed = fs::remove_file(&path);
    written.and(removed)
}

pub(super) fn index(report: &mut Report, depth: Depth, looked: &Result<Examination, StoreError>) {
    let name = "index";
    match looked {
        Ok(found) => examined(report, depth, found),
        Err(error @ StoreError::NoIndex(_)) => {
            report.warning(name, error.to_string(), "it is made at the first start");
        }
        Err(StoreError::Locked { holder, .. }) => {
            let message =
                format!("not checked: a daemon runs with this data directory (process {holder})");
            report.warning(
                name,
                message,
                "its scrub checks the same while it runs; for this check, stop it first",
            );
        }
        Err(error) => {
            let advice = "see that this user may read and write the data directory; an index that is lost is replaced by starting with an empty directory";
            report.failed(name, error.to_string(), advice);
        }
    }
}

fn examined(report: &mut Report, depth: Depth, found: &Examination) {
    let name = "index";
    let how = match depth {
        Depth::Index => "index and lengths of the data files agree (--deep reads every byte)",
        Depth::Bytes => "every byte was read and verified",
    };
    let held = format!(
        "{} files, {} segments, {}",
        found.files,
        found.segments,
        ByteSize(found.bytes)
    );
    if found.problems > 0 {
        let more = match found.problems.saturating_sub(found.told.len() as u64) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let message = format!(
            "{} problems in {held}: {}{more}",
            found.problems,
            found.told.join("; ")
        );
        let advice = "start the daemon: what is damaged is not served, and is fetched again from the other providers of the deal; then look at the disk (smartctl -a)";
        report.failed(name, message, advice);
    } else if found.waiting > 0 {
        let message = format!(
            "{held}: {how}; {} damaged segments wait to be fetched again",
            found.waiting
        );
        report.warning(
            name,
            message,
            "start the daemon, and look at the disk (smartctl -a)",
        );
    } else {
        report.ok(name, format!("{held}: {how}"));
    }
    if found.unknown > 0 {
        let message = format!(
            "{} files below `files` belong to nothing that the index knows ({})",
            found.unknown,
            ByteSize(found.unknown_bytes)
        );
        report.warning(
            "unknown-files",
            message,
            "they are not served; after a backup they can be removed",
        );
    }
}

/// The pin of the daemon's own key, if it has one.
pub(super) fn tls(report: &mut Report, config: &Config) -> Option<Pin> {
    let name = "tls-key";
    if config.tls == Tls::Own && !config.data_dir.join("tls.key").exists() {
        let message = format!("there is no tls.key in {} yet", config.data_dir.display());
        report.warning(name, message, "it is made at the first start, or by --print-endpoint; then announce the endpoint with its hash");
        return None;
    }
    match config.tls.identity(&config.data_dir) {
        Ok(None) => {
            report.ok(
                name,
                format!(
                    "none: connections to {} are plain, on loopback",
                    config.listen
                ),
            );
            None
        }
        Ok(Some(identity)) => {
            report.ok(name, format!("{}", identity.pin()));
            Some(identity.pin())
        }
        Err(error) => {
            let advice = "restore the key from the backup, or take another one and announce it with `noema provider set-endpoint`";
            report.failed(name, error.to_string(), advice);
            None
        }
    }
}

/// Free space against the reserve, and what is declared against what the disk can hold.
pub(super) fn disk(
    report: &mut Report,
    config: &Config,
    directory: &Directory,
    record: Option<&ProviderRecord>,
    answers: Option<StoreHealth>,
) {
    let (held, promised) = match (directory, answers) {
        (Directory::Seen(found), _) => (Some(found.bytes), found.outstanding),
        (Directory::InUse, Some(store)) => (Some(store.bytes), store.promised_bytes),
        (Directory::InUse, None) => (None, 0),
        (Directory::Unknown, _) => (Some(0), 0),
    };
    let room = match room_at(
        &config.data_dir,
        config.store.reserve,
        promised,
        held.unwrap_or(0),
    ) {
        Ok(room) => room,
        Err(error) => {
            report.failed(
                "disk",
                error.to_string(),
                "see that the disk is there and can be read",
            );
            return;
        }
    };
    let (free, reserve) = (ByteSize(room.free), ByteSize(room.reserve));
    let message = format!(
        "{free} free, of which {reserve} stay free; {} are promised to files that are not complete",
        ByteSize(promised)
    );
    let make_room = "make room, enlarge the disk, or declare less (`noema provider set-capacity`); until then uploads are refused";
    if room.free < room.reserve {
        report.failed("disk", message, make_room);
    } else if room.free < room.reserve.saturating_add(promised) {
        report.warning("disk", message, make_room);
    } else {
        report.ok("disk", message);
    }
    let Some(record) = record else { return };
    let declared = ByteSize(record.capacity);
    match held {
        None => report.warning(
            "capacity",
            format!("{declared} declared on chain; what the disk holds is not known while a daemon runs that does not answer"),
            "run this again when the daemon answers, or when it is stopped",
        ),
        Some(_) if record.capacity > room.holdable => report.warning(
            "capacity",
            format!("{declared} are declared on chain, and the disk can hold {} in all", ByteSize(room.holdable)),
            "enlarge the disk, or `noema provider set-capacity`: files come that have no room, and their slots are lost",
        ),
        Some(_) => report.ok(
            "capacity",
            format!("{declared} declared on chain, the disk can hold {} in all", ByteSize(room.holdable)),
        ),
    }
}
