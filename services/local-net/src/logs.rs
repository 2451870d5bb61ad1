//! Capture of what the processes print: one file per process, one merged stream for people, and the
//! last lines of each for error messages.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::broadcast;

use crate::Error;

/// Lines of each process that are kept for error messages.
const TAIL_LINES: usize = 40;
/// Longest line kept, in bytes; the rest of a longer one is cut.
const MAX_LINE: usize = 16 * 1024;
/// A log file that has grown to this many bytes becomes `<name>.log.1`, replacing an older one.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// Lines that a slow reader of the merged stream may lag behind before it loses some.
const STREAM_LINES: usize = 8 * 1024;

/// One line that a process printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Name of the process in this network.
    pub source: Arc<str>,
    /// The line, without its end.
    pub text: Arc<str>,
}

/// Reads the merged log of all processes, from the moment of its making on.
#[derive(Debug)]
pub struct LogStream(broadcast::Receiver<LogLine>);

/// What comes next in the merged log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// A line.
    Line(LogLine),
    /// The reader was too slow and this many lines are only in the files.
    Skipped(u64),
}

impl LogStream {
    /// The next event, or `None` when the network is gone.
    pub async fn next(&mut self) -> Option<LogEvent> {
        match self.0.recv().await {
            Ok(line) => Some(LogEvent::Line(line)),
            Err(broadcast::error::RecvError::Lagged(lines)) => Some(LogEvent::Skipped(lines)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// The logs of one network.
#[derive(Debug)]
pub(crate) struct LogHub {
    dir: PathBuf,
    stream: broadcast::Sender<LogLine>,
}

impl LogHub {
    /// Keeps the files in `dir`, which is made if missing.
    pub(crate) fn new(dir: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&dir).map_err(Error::io("create the directory", &dir))?;
        let (stream, _) = broadcast::channel(STREAM_LINES);
        Ok(Self { dir, stream })
    }

    /// The merged log from now on.
    pub(crate) fn subscribe(&self) -> LogStream {
        LogStream(self.stream.subscribe())
    }

    /// The log of the process `name`, appended to what earlier runs left.
    pub(crate) fn of(&self, name: &str) -> Result<Arc<ProcessLog>, Error> {
        let path = self.dir.join(format!("{name}.log"));
        let file = LogFile::open(path.clone()).map_err(Error::io("open the log file", path))?;
        Ok(Arc::new(ProcessLog {
            name: Arc::from(name),
            stream: self.stream.clone(),
            inner: Mutex::new(Inner {
                file,
                tail: VecDeque::with_capacity(TAIL_LINES),
            }),
        }))
    }
}

/// The log of one process.
#[derive(Debug)]
pub(crate) struct ProcessLog {
    name: Arc<str>,
    stream: broadcast::Sender<LogLine>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: LogFile,
    tail: VecDeque<Arc<str>>,
}

impl ProcessLog {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves at worst a half-written line.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records one line.
    pub(crate) fn line(&self, text: &str) {
        let text: Arc<str> = Arc::from(text);
        let mut inner = self.lock();
        // A full disk must not take the network down with its log.
        let _ = inner.file.write_line(&text);
        if inner.tail.len() == TAIL_LINES {
            inner.tail.pop_front();
        }
        inner.tail.push_back(text.clone());
        drop(inner);
        // Nobody may be listening.
        let _ = self.stream.send(LogLine {
            source: self.name.clone(),
            text,
        });
    }

    /// Reads `pipe` to its end, line by line.
    pub(crate) fn drain(&self, pipe: impl Read) {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            match read_line(&mut reader, &mut line) {
                Ok(true) => self.line(&String::from_utf8_lossy(&line)),
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// The last lines, oldest first, indented for an error message.
    pub(crate) fn tail(&self) -> String {
        let inner = self.lock();
        if inner.tail.is_empty() {
            return "  (it printed nothing)".into();
        }
        inner
            .tail
            .iter()
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The latest of the last lines that `matches` accepts.
    pub(crate) fn find(&self, matches: impl Fn(&str) -> bool) -> Option<String> {
        self.lock()
            .tail
            .iter()
            .rev()
            .find(|line| matches(line))
            .map(|line| line.to_string())
    }
}

/// Reads one line into `line` without its end, cut at [`MAX_LINE`]; `false` at the end of input.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let (part, used, done) = match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&available[..end], end + 1, true),
            None => (available, available.len(), false),
        };
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        reader.consume(used);
        if done {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(true);
        }
    }
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    written: u64,
}

impl LogFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = append_to(&path)?;
        let written = file.metadata()?.len();
        Ok(Self {
            path,
            file,
            written,
        })
    }

    fn write_line(&mut self, text: &str) -> io::Result<()> {
        if self.written >= MAX_FILE {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            fs::rename(&self.path, old)?;
            self.file = append_to(&self.path)?;
            self.written = 0;
        }
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'\n');
        self.written += bytes.len() as u64;
        self.file.write_all(&bytes)
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_reach_the_file_the_stream_and_the_tail() {
        let dir = tempfile::tempdir().unwrap();
        let hub = LogHub::new(dir.path().join("logs")).unwrap();
        let mut stream = hub.subscribe();
        let log = hub.of("node-1").unwrap();
        log.drain(&b"first\r\nsecond\n\nlast without end"[..]);

        let mut seen = Vec::new();
        for _ in 0..4 {
            match stream.next().await.unwrap() {
                LogEvent::Line(line) => {
                    assert_eq!(&*line.source, "node-1");
                    seen.push(line.text.to_string());
                }
                LogEvent::Skipped(n) => panic!("skipped {n}"),
            }
        }
        assert_eq!(seen, ["first", "second", "", "last without end"]);
        assert_eq!(
            fs::read_to_string(dir.path().join("logs/node-1.log")).unwrap(),
            "first\nsecond\n\nlast without end\n"
        );
        assert!(log.tail().ends_with("  last without end"));
        assert_eq!(
            log.find(|line| line.contains("sec")).as_deref(),
            Some("second")
        );
    }

    #[test]
    fn a_line_without_end_is_cut_and_not_collected_forever() {
        let long = vec![b'x'; 3 * MAX_LINE];
        let mut line = Vec::new();
        let mut reader = BufReader::new(&long[..]);
        assert!(read_line(&mut reader, &mut line).unwrap());
        assert_eq!(line.len(), MAX_LINE);
        assert!(!read_line(&mut reader, &mut line).unwrap());
    }

    #[test]
    fn the_tail_keeps_only_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let log = LogHub::new(dir.path().to_path_buf())
            .unwrap()
            .of("p")
            .unwrap();
        for i in 0..TAIL_LINES + 5 {
            log.line(&format!("line {i}"));
        }
        assert!(log.find(|line| line == "line 4").is_none());
        assert!(log.find(|line| line == "line 5").is_some());
    }
}
