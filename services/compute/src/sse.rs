//! Server-sent events, cut out of a stream with every byte kept: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use bytes::{Bytes, BytesMut};

/// The longest event, in bytes.
pub const MAX_EVENT: usize = 1 << 20;

/// An event is longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {MAX_EVENT} bytes")]
pub struct EventTooLong;

/// One event with its bytes as they came, the blank line that ends it included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    raw: Bytes,
}

/// Cuts a stream into events. Lines end in LF or CRLF; a lone CR, which nobody sends, ends none.
#[derive(Debug, Default)]
pub struct Events {
    waiting: BytesMut,
    /// How far was looked for the end of an event.
    looked: usize,
}

impl Events {
    /// Adds what came.
    pub fn push(&mut self, chunk: &[u8]) {
        self.waiting.extend_from_slice(chunk);
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// When there is none although enough for the longest waits.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventTooLong> {
        while let Some(offset) = self.waiting[self.looked..].iter().position(|b| *b == b'\n') {
            let end = self.looked + offset + 1;
            self.looked = end;
            let line = &self.waiting[..end - 1];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // A blank line: nothing, or the end of the line before.
            if line.is_empty() || line.ends_with(b"\n") {
                self.looked = 0;
                let raw = self.waiting.split_to(end).freeze();
                return if raw.len() > MAX_EVENT {
                    Err(EventTooLong)
                } else {
                    Ok(Some(Event { raw }))
                };
            }
        }
        self.looked = self.waiting.len();
        if self.waiting.len() > MAX_EVENT {
            return Err(EventTooLong);
        }
        Ok(None)
    }

    /// What is left when the stream has ended: an event without the blank line that would end it, or nothing.
    pub fn rest(&self) -> &[u8] {
        &self.waiting
    }
}

impl Event {
    /// Makes one of a name, if it has one, and data of one line.
    pub fn new(name: Option<&str>, data: &str) -> Self {
        let named = name.map_or_else(String::new, |name| format!("event: {name}\n"));
        let raw = Bytes::from(format!("{named}data: {data}\n\n"));
        Self { raw }
    }

    /// Every byte of it.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.raw
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn field<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.lines().filter_map(move |line| {
            let value = line.strip_prefix(name.as_bytes())?;
            if value.is_empty() {
                return Some(value);
            }
            let value = value.strip_prefix(b":")?;
            Some(value.strip_prefix(b" ").unwrap_or(value))
        })
    }

    /// Whether it carries a receipt: whatever else it says, one of its lines names it so. Such an event of an engine is not passed on.
    pub fn is_receipt(&self) -> bool {
        self.field("event")
            .any(|name| name == crate::wire::RECEIPT_EVENT.as_bytes())
    }

    /// Its data, lines joined. None when it has none, as comments have.
    pub fn data(&self) -> Option<Vec<u8>> {
        let lines: Vec<_> = self.field("data").collect();
        (!lines.is_empty()).then(|| lines.join(&b'\n'))
    }

    /// Whether it says that the answer is complete, in OpenAI's way.
    pub fn is_done(&self) -> bool {
        self.data().is_some_and(|data| data == b"[DONE]")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> (Vec<Event>, Vec<u8>) {
        let (mut cut, mut found) = (Events::default(), Vec::new());
        for chunk in chunks {
            cut.push(chunk);
            while let Some(event) = cut.next_event().unwrap() {
                found.push(event);
            }
        }
        (found, cut.rest().to_vec())
    }

    #[test]
    fn events_end_at_blank_lines_of_either_kind() {
        let (found, rest) = events(&[
            b"data: a\n\nda",
            b"ta: b\r\n\r",
            b"\n: note\n\ndata: [DONE]\n\nx",
        ]);
        let data: Vec<_> = found.iter().map(Event::data).collect();
        let text = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(data, [text("a"), text("b"), None, text("[DONE]")]);
        assert!(found[3].is_done() && !found[0].is_done());
        assert_eq!(rest, b"x");
    }

    #[test]
    fn a_receipt_is_known_by_any_line_that_names_it() {
        for text in [
            "event: noema-receipt\ndata: x\n\n",
            "data: y\nevent:noema-receipt\r\n\r\n",
        ] {
            assert!(events(&[text.as_bytes()]).0[0].is_receipt(), "{text}");
        }
        for text in [
            "data: event: noema-receipt\n\n",
            "event: noema-receipts\n\n",
            ": event: noema-receipt\n\n",
        ] {
            assert!(!events(&[text.as_bytes()]).0[0].is_receipt(), "{text}");
        }
        let made = Event::new(Some("noema-receipt"), "abc");
        assert!(made.is_receipt() && made.data().unwrap() == b"abc");
    }

    #[test]
    fn an_event_without_end_is_refused_and_not_kept() {
        let mut cut = Events::default();
        cut.push(&vec![b'a'; MAX_EVENT]);
        assert_eq!(cut.next_event(), Ok(None));
        cut.push(b"aa");
        assert_eq!(cut.next_event(), Err(EventTooLong));
    }

    proptest! {
        /// Every byte is in an event or left, in order, however the stream was cut.
        #[test]
        fn no_byte_is_lost_however_the_stream_is_cut(
            text in "[ab:\\r\\n]{0,60}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let bytes = text.as_bytes();
            let whole = events(&[bytes]);
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let chunks: Vec<_> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let cut = events(&chunks);
            prop_assert_eq!(&cut, &whole);
            let mut joined: Vec<u8> = cut.0.iter().flat_map(|event| event.raw().to_vec()).collect();
            joined.extend(&cut.1);
            prop_assert_eq!(joined, bytes);
        }
    }
}
