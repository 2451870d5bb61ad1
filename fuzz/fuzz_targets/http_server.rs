//! Whole connections to the storage daemon: any bytes over HTTP/1 or HTTP/2 against the real routes and
//! a real store. The daemon never fails at it, and never holds anything but the files' own data.
//!
//! `{token}`, `{complete}`, `{partial}` and `{frame}` stand for what no fuzzer guesses: a token of the
//! owner's that is valid at present, the ids of the two files there are, the last segment of the second.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use noema_storage::fuzzing::HttpDaemon;
use tokio::runtime::Runtime;

struct Server {
    runtime: Runtime,
    daemon: HttpDaemon,
    _dir: tempfile::TempDir,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let daemon = runtime.block_on(HttpDaemon::open(dir.path()));
        Server {
            runtime,
            daemon,
            _dir: dir,
        }
    })
}

fuzz_target!(|input: &[u8]| {
    let Server {
        runtime, daemon, ..
    } = server();
    let request = fill_in(daemon, input);
    let answer = runtime.block_on(daemon.answer(&request));
    let text = String::from_utf8_lossy(&answer);
    if !request.starts_with(b"PRI * HTTP/2.0") {
        assert!(answer.is_empty() || text.starts_with("HTTP/1."), "{text}");
    }
    assert!(!text.contains("HTTP/1.1 500"), "{text}");
    // A HEAD request gets a length without the body.
    if !request.windows(4).any(|four| four == b"HEAD") && text.starts_with("HTTP/1.") {
        refusal_is_readable(&answer);
    }
    if text.contains(" 204 ") {
        let index = daemon.partial.file.shape.segments() - 1;
        let read = runtime.block_on(daemon.store.read(&daemon.partial.file, index));
        let data = read.unwrap().map(|segment| segment.data);
        assert_eq!(data, Some(daemon.partial.segment(index).data));
        assert!(!daemon.store.has(&daemon.partial.file.file, 0).unwrap());
    }
    assert_eq!(
        daemon.store.stats().unwrap().files,
        daemon.store.files_after(None, usize::MAX).unwrap().len() as u64
    );
});

/// A refusal of the daemon's own is JSON with a code and words.
fn refusal_is_readable(answer: &[u8]) {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return;
    };
    let (head, rest) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let status: u16 = head[9..12].parse().unwrap();
    if status < 400 || !head.contains("application/json") {
        return;
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let body = &rest[..length.parse::<usize>().unwrap()];
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    // The answer about health has another form.
    if body.get("chain").is_none() {
        assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string());
    }
}

fn fill_in(daemon: &HttpDaemon, input: &[u8]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
        let (before, from) = rest.split_at(at);
        filled.extend_from_slice(before);
        let known: [(&[u8], &dyn Fn() -> Vec<u8>); 4] = [
            (b"{token}", &|| daemon.token().to_base64().into_bytes()),
            (b"{complete}", &|| {
                daemon.complete.file.file.to_string().into_bytes()
            }),
            (b"{partial}", &|| {
                daemon.partial.file.file.to_string().into_bytes()
            }),
            (b"{frame}", &|| daemon.partial.frame(1).to_vec()),
        ];
        match known.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, value)) => {
                filled.extend(value());
                rest = &from[name.len()..];
            }
            None => {
                filled.push(b'{');
                rest = &from[1..];
            }
        }
    }
    filled.extend_from_slice(rest);
    filled
}
