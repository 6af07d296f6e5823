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

/// Whether its first word is one that this project or a reader's shell has.
fn begins_with_a_program(text: &str) -> bool {
    const PROGRAMS: [&str; 12] =
        ["cargo", "docker", "eval", "gh", "git", "kubectl", "mkdir", "pip", "podman", "pystart", "python3", "rustup"];
    const FOLDERS: [&str; 3] = ["tests/", "packaging/", ".ci/"];
    let first = text.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
    PROGRAMS.contains(&first) || FOLDERS.iter().any(|folder| first.starts_with(folder))
}

/// The commands of a block, without comments. A script that names its interpreter is one.
fn commands_of(text: &str) -> Vec<String> {
    if text.starts_with("#!") {
        return vec![text.to_owned()];
    }
    let joined = text.split("\\\n").map(str::trim_start).collect::<String>();
    let command = |line: &str| line.split(" # ").next().unwrap_or_default().trim().to_owned();
    joined.lines().map(command).filter(|command| !command.is_empty()).collect()
}

/// What the files of `deploy/` say, in their first lines, to be typed.
pub(crate) fn deployed() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("deploy")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let name = format!("deploy/{}", path.file_name().unwrap().to_str().unwrap());
        let comments =
            text.lines().map_while(|line| line.strip_prefix('#')).filter_map(|line| line.strip_prefix("   "));
        let typed = comments.filter(|line| begins_with_a_program(line));
        // Behind more than one space stands what it is for.
        found.extend(typed.map(|line| (name.clone(), line.split("  ").next().unwrap_or_default().to_owned())));
    }
    found
}

/// Every page that people read.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(PathBuf::from).into();
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

    /// What a reader is told to type into a shell: blocks of type `sh`, and indented ones that begin with a program.
    pub(crate) fn commands(&self) -> Vec<String> {
        let is_shell = |block: &Block<'_>| block.language == "sh";
        let mut texts: Vec<String> =
            self.blocks().into_iter().filter(is_shell).map(|block| block.lines.join("\n")).collect();
        let (mut is_inside, mut indented) = (false, String::new());
        for line in self.text.lines().chain([""]) {
            is_inside ^= line.starts_with("```");
            if let Some(line) = line.strip_prefix("    ").filter(|_| !is_inside) {
                indented = indented + line + "\n";
            } else {
                texts.extend(Some(std::mem::take(&mut indented)).filter(|text| begins_with_a_program(text)));
            }
        }
        texts.iter().flat_map(|text| commands_of(text)).collect()
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
