//! Choosing TCP ports on the loopback interface.

use std::{
    fs::{self, File, OpenOptions},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
};

use nix::fcntl::{Flock, FlockArg};
use rand::Rng;

use crate::Error;

/// Where free ports are looked for: below the range from which Linux takes the local ports of
/// outgoing connections (32768 on), above the well-known ones.
const FREE: std::ops::Range<u16> = 20_000..32_000;
/// Attempts before giving up.
const ATTEMPTS: usize = 200;

/// How the ports of a network are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortChoice {
    /// The usual ones (RPC 9944, metrics 9615, peers 30333, daemons from 8201), and a free one in the
    /// place of each that is taken. For people.
    #[default]
    Preferred,
    /// Free ones throughout, so that networks run side by side. For tests.
    Free,
}

/// A port that this network has to itself among all local networks of this machine.
///
/// A process that is killed and started again takes the same port, so the reservation is held while
/// the process does not run.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// Lost when the file could not be locked for another reason than a holder (no such directory,
    /// another user's file): then only chance keeps two networks apart.
    _claim: Option<Flock<File>>,
}

impl Port {
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// `preferred` if the choice allows it and it is free, else a free one.
    pub(crate) fn choose(
        choice: PortChoice,
        preferred: u16,
        what: &'static str,
    ) -> Result<Self, Error> {
        if choice == PortChoice::Preferred {
            if let Some(port) = Self::claim(preferred) {
                return Ok(port);
            }
        }
        let mut rng = rand::thread_rng();
        (0..ATTEMPTS)
            .find_map(|_| Self::claim(rng.gen_range(FREE)))
            .ok_or(Error::NoPort { what })
    }

    fn claim(number: u16) -> Option<Self> {
        let claim = match lock(number) {
            Claim::Mine(lock) => Some(lock),
            Claim::Impossible => None,
            Claim::Taken => return None,
        };
        // Listening tells whether anyone else does; the socket is closed again at once and leaves
        // nothing behind because no connection was made.
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self {
            number,
            _claim: claim,
        })
    }
}

enum Claim {
    Mine(Flock<File>),
    Taken,
    Impossible,
}

fn lock(number: u16) -> Claim {
    let dir: PathBuf = std::env::temp_dir().join("noema-local-net-ports");
    if fs::create_dir_all(&dir).is_err() {
        return Claim::Impossible;
    }
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(number.to_string()));
    match opened.map(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock)) {
        Ok(Ok(lock)) => Claim::Mine(lock),
        Ok(Err((_, nix::errno::Errno::EWOULDBLOCK))) => Claim::Taken,
        Ok(Err(_)) | Err(_) => Claim::Impossible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced_by_a_free_one() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = held.local_addr().unwrap().port();
        let port = Port::choose(PortChoice::Preferred, taken, "a test").unwrap();
        assert_ne!(port.number(), taken);
        TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
    }

    #[test]
    fn a_preferred_port_is_given_once() {
        let free = Port::choose(PortChoice::Free, 0, "a test")
            .unwrap()
            .number();
        // Claimed and given back above, so that it can be preferred now.
        let first = Port::choose(PortChoice::Preferred, free, "a test").unwrap();
        let second = Port::choose(PortChoice::Preferred, free, "a test").unwrap();
        assert_eq!(first.number(), free);
        assert_ne!(second.number(), free);
    }
}
