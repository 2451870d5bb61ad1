//! Sentences out of Markdown and out of the documentation in Rust sources.

use std::{collections::BTreeSet, string::String, vec::Vec};

/// A piece of prose ends with the paragraph in which it gets this long, in bytes.
const PIECE: usize = 900;
/// Shorter paragraphs are headings, captions or leftovers.
const SHORTEST: usize = 80;

/// The paragraphs of a text in Markdown, without code, tables, lists and headings, a few to a piece.
pub(super) fn of_markdown(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    pieces(paragraphs(text.lines()), &mut seen)
}

/// The same of the documentation in sources. What several items say word by word is taken once.
pub(super) fn of_sources(sources: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for source in sources {
        let mut comment = Vec::new();
        for line in source.lines().chain([""]) {
            let line = line.trim_start();
            match line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"))
            {
                Some(text) => comment.push(text.strip_prefix(' ').unwrap_or(text)),
                None => out.extend(pieces(paragraphs(comment.drain(..)), &mut seen)),
            }
        }
    }
    out
}

fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let (mut out, mut paragraph, mut code) = (Vec::new(), String::new(), false);
    for line in lines.chain([""]) {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        let apart = ["#", "|", "-", "*", ">", "[", "<", "    ", "1."]
            .iter()
            .any(|begin| line.starts_with(begin));
        if code || fence || apart || line.trim().is_empty() {
            let whole = plain(&paragraph);
            if whole.len() >= SHORTEST && whole.ends_with('.') {
                out.push(whole);
            }
            paragraph.clear();
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    out
}

/// Without marks: links become their text, and nothing is emphasised.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['[', '`', '*']) {
        out.push_str(&rest[..at]);
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        if mark != b'[' {
            continue;
        }
        let Some((label, after)) = rest.split_once(']') else {
            continue;
        };
        out.push_str(&label.replace(['`', '*'], ""));
        rest = match (after.strip_prefix('('), after.strip_prefix('[')) {
            (Some(target), _) => target.split_once(')').map_or("", |(_, after)| after),
            (_, Some(target)) => target.split_once(']').map_or("", |(_, after)| after),
            _ => after,
        };
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pieces(paragraphs: Vec<String>, seen: &mut BTreeSet<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    for paragraph in paragraphs {
        if !seen.insert(paragraph.clone()) {
            continue;
        }
        match out.last_mut() {
            Some(piece) if open => {
                piece.push('\n');
                piece.push_str(&paragraph);
            }
            _ => out.push(paragraph),
        }
        open = out.last().is_some_and(|piece| piece.len() < PIECE);
    }
    out
}
