//! Which files are meant: what is named, and with `--recursive` what is in the directories that are named.
//!
//! Everything that cannot be stored is found here, before anything is paid for, and told at once: whoever stores ten
//! thousand files wants to hear of all that is wrong with them, not of one thing a run.

use std::{
    fs::{self, FileType},
    io,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{failure::Failure, source::Source};

/// How many problems a person is told of; programs get all.
const TOLD: usize = 20;

/// What is to be stored.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Readable files with content: in the order named, those of a directory by name.
    pub(super) files: Vec<Source>,
    /// Symbolic links in directories, which are left out: what they lead to may be anywhere.
    pub(super) links: usize,
}

/// A path that cannot be stored, and why.
#[derive(Debug)]
struct Problem {
    path: PathBuf,
    failure: Failure,
}

/// The files that `paths` mean. Fails when one of them cannot be stored.
pub(super) fn expand(paths: &[PathBuf], recursive: bool) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut problems = Vec::new();
    for path in paths {
        let is_dir = fs::metadata(path).is_ok_and(|metadata| metadata.is_dir());
        if !is_dir {
            found.take(path, &mut problems);
        } else if !recursive {
            problems.push(Problem {
                path: path.clone(),
                failure: Failure::new(
                    "not_storable",
                    format!(
                        "{} is a directory; add --recursive to store the files in it",
                        path.display()
                    ),
                ),
            });
        } else {
            found.walk(path, &mut problems);
        }
    }
    if !problems.is_empty() {
        return Err(refusal(&problems));
    }
    if found.files.is_empty() {
        return Err(Failure::usage(
            "there is no file in what was named: nothing to store",
        ));
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, path: &Path, problems: &mut Vec<Problem>) {
        match Source::open(path) {
            Ok(source) => self.files.push(source),
            Err(failure) => problems.push(Problem {
                path: path.to_owned(),
                failure,
            }),
        }
    }

    /// Everything below `root`. Links are not followed, so that this ends and stays below it.
    fn walk(&mut self, root: &Path, problems: &mut Vec<Problem>) {
        // The next to look at is last.
        let mut ahead = vec![(root.to_owned(), None::<FileType>)];
        while let Some((path, kind)) = ahead.pop() {
            match kind {
                Some(kind) if kind.is_symlink() => self.links = self.links.saturating_add(1),
                Some(kind) if !kind.is_dir() => self.take(&path, problems),
                _ => match entries(&path) {
                    Ok(mut entries) => {
                        entries.sort_by(|a, b| b.0.cmp(&a.0));
                        ahead.extend(entries);
                    }
                    Err(error) => problems.push(Problem {
                        failure: Failure::io("read the directory", &path, &error),
                        path,
                    }),
                },
            }
        }
    }
}

fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, Option<FileType>)>> {
    fs::read_dir(directory)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.path(), Some(entry.file_type()?)))
        })
        .collect()
}

fn refusal(problems: &[Problem]) -> Failure {
    let mut lines: Vec<String> = problems
        .iter()
        .take(TOLD)
        .map(|problem| problem.failure.to_string())
        .collect();
    if problems.len() > TOLD {
        lines.push(format!("and {} more", problems.len() - TOLD));
    }
    let all: Vec<_> = problems
        .iter()
        .map(|problem| {
            json!({
                "path": problem.path.display().to_string(),
                "code": problem.failure.code(),
                "message": problem.failure.to_string(),
            })
        })
        .collect();
    Failure::new(
        "not_storable",
        format!(
            "nothing was stored, for not everything can be; leave it out or mend it: {}",
            lines.join("; ")
        ),
    )
    .with(json!({ "problems": all }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(found: &Found, below: &Path) -> Vec<String> {
        let relative = |source: &Source| {
            let path = source.path().strip_prefix(below).unwrap();
            path.display().to_string()
        };
        found.files.iter().map(relative).collect()
    }

    #[test]
    fn directories_are_walked_by_name_and_links_in_them_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("tree/b")).unwrap();
        for name in ["first", "tree/c", "tree/b/z", "tree/b/a", "tree/a"] {
            fs::write(at(name), name).unwrap();
        }
        // A link to a file, one to nothing, and one that leads back up.
        symlink(at("first"), at("tree/link")).unwrap();
        symlink(at("nothing"), at("tree/b/broken")).unwrap();
        symlink(at("tree"), at("tree/b/up")).unwrap();
        let found = expand(&[at("first"), at("tree")], true).unwrap();
        assert_eq!(
            names(&found, dir.path()),
            ["first", "tree/a", "tree/b/a", "tree/b/z", "tree/c"]
        );
        assert_eq!(found.links, 3);
    }

    #[test]
    fn everything_that_cannot_be_stored_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("tree")).unwrap();
        fs::write(at("good"), "good").unwrap();
        fs::write(at("empty"), "").unwrap();
        let paths = ["good", "empty", "absent", "tree"].map(at);
        let failure = expand(&paths, false).unwrap_err();
        assert_eq!(failure.code(), "not_storable");
        let said = failure.to_string();
        for expected in [
            "empty is empty",
            "absent",
            "tree is a directory",
            "--recursive",
        ] {
            assert!(said.contains(expected), "{said}");
        }
        let problems = &failure.to_json()["error"]["problems"];
        assert_eq!(problems.as_array().unwrap().len(), 3);
        assert_eq!(problems[1]["code"], "file");
    }

    #[test]
    fn an_empty_directory_is_a_wrong_call() {
        let dir = tempfile::tempdir().unwrap();
        let failure = expand(&[dir.path().to_owned()], true).unwrap_err();
        assert_eq!(failure.code(), "usage");
    }

    #[test]
    fn many_problems_are_counted() {
        let paths: Vec<_> = (0..50)
            .map(|n| PathBuf::from(format!("/none/{n}")))
            .collect();
        let failure = expand(&paths, false).unwrap_err();
        assert!(failure.to_string().ends_with("and 30 more"), "{failure}");
    }
}
