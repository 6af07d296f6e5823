//! The pages, as text and as what is marked in them.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page of Markdown.
pub(crate) struct Page {
    /// From the repository's root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A block of text between fences.
pub(crate) struct Block<'a> {
    pub(crate) language: &'a str,
    /// From the comment in front of it.
    pub(crate) scene: Option<&'a str>,
    pub(crate) lines: Vec<&'a str>,
}

/// Every page that people read.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from).into();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = PathBuf::from("docs").join(entry.unwrap().file_name());
        paths.extend((name.extension().is_some_and(|end| end == "md")).then_some(name));
    }
    paths.sort();
    let read = |path: PathBuf| Page { text: fs::read_to_string(root().join(&path)).unwrap(), path };
    paths.into_iter().map(read).collect()
}

impl Page {
    /// Its fenced blocks.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let (mut is_inside, mut scene) = (false, None);
        for line in self.text.lines() {
            if let Some(language) = line.strip_prefix("```") {
                if !is_inside {
                    blocks.push(Block { language, scene: scene.take(), lines: Vec::new() });
                }
                is_inside = !is_inside;
            } else if is_inside {
                blocks.last_mut().unwrap().lines.push(line);
            } else if let Some(name) = line.strip_prefix("<!-- scene: ").and_then(|rest| rest.strip_suffix(" -->")) {
                scene = Some(name);
            } else if !line.is_empty() {
                scene = None;
            }
        }
        assert!(!is_inside, "{}: a block without end", self.path.display());
        blocks
    }

    /// Everything between backticks in the running text.
    pub(crate) fn spans(&self) -> Vec<&str> {
        let mut spans = Vec::new();
        let mut is_block = false;
        for line in self.text.lines() {
            if line.starts_with("```") {
                is_block = !is_block;
            } else if !is_block {
                spans.extend(line.split('`').skip(1).step_by(2));
            }
        }
        spans
    }

    /// What links of the running text point to.
    pub(crate) fn links(&self) -> Vec<&str> {
        self.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
    }

    /// What headings are called in links, as GitHub makes them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let anchor = |heading: &str| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
            kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
        };
        headings.map(anchor).collect()
    }
}
