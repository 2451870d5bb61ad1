//! The commands of the README's tour, read from the README itself, so that what people are told to type is what is tested.

/// The commands in the blocks marked ```` ```bash tour ````, in order, one entry per block. A name after `tour` is the name of a step.
pub fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, Some(mark)) => {
                let mut words = mark.split_whitespace();
                if words.next() == Some("bash") && words.next() == Some("tour") {
                    open = Some((words.next().unwrap_or_default().to_owned(), String::new()));
                }
            }
            (None, None) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_blocks_are_read() {
        let markdown = "text\n```bash tour start\na\nb\n```\n```bash\nno\n```\n```\nno\n```\n```bash tour\nc\n```\n";
        assert_eq!(
            blocks(markdown),
            [
                ("start".into(), "a\nb\n".into()),
                (String::new(), "c\n".into())
            ]
        );
    }
}
