//! Writes the manual pages, the shell completions and the table of settings, made from the program's own definitions:
//! `cargo run --example manual`. A test compares them with it, so they cannot drift.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use pystart::settings::table::TABLE;
use pystart::settings::{Row, Usage};

/// Between these two lines of docs/settings.md stands what is made here.
const MADE: [&str; 2] = ["<!-- made by `cargo run --example manual` -->\n", "<!-- end -->\n"];

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, content) in files()? {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// Every file, as a path from the repository's root, with its content.
pub(crate) fn files() -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let command = pystart::cli::whole();
    let mut files = vec![page("pystart", command.clone())?];
    for subcommand in command.get_subcommands() {
        let name = format!("pystart-{}", subcommand.get_name());
        files.push(page(&name, subcommand.clone())?);
    }
    for (shell, name) in [(Shell::Bash, "pystart.bash"), (Shell::Fish, "pystart.fish"), (Shell::Zsh, "_pystart")] {
        let mut content = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), "pystart", &mut content);
        files.push((Path::new("docs/completions").join(name), content));
    }
    files.push(settings()?);
    Ok(files)
}

/// The page on settings, with its table made anew.
fn settings() -> io::Result<(PathBuf, Vec<u8>)> {
    let name = Path::new("docs/settings.md");
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))?;
    let missing = || io::Error::other(format!("{} has no place for the table", name.display()));
    let (before, rest) = page.split_once(MADE[0]).ok_or_else(missing)?;
    let (_, after) = rest.split_once(MADE[1]).ok_or_else(missing)?;
    let mut table =
        "| flag | variable | default | what it sets | accepted |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for setting in TABLE {
        let row = setting.row();
        let variables: Vec<_> = row.variables.iter().map(|name| format!("`{name}`")).collect();
        let default = row.default.map(|default| default()).unwrap_or_default();
        let (flag, variables) = (flag(row), variables.join(", "));
        let _ = writeln!(table, "| {flag} | {variables} | {default} | {} | {} |", row.help, setting.form());
    }
    Ok((name.to_owned(), [before, MADE[0], &table, MADE[1], after].concat().into_bytes()))
}

/// How it is typed; with the subcommand where it is not one that starts.
fn flag(row: &Row) -> String {
    let typed = match row.usage {
        Usage::Variable => return String::new(),
        Usage::Option { long, short: Some(short), value } => format!("--{long} {value}`, `-{short} {value}"),
        Usage::Option { long, short: None, value } => format!("--{long} {value}"),
        Usage::Switch { long } => format!("--{long}"),
        Usage::Words { value } => format!("{value}..."),
    };
    match row.subcommands {
        subcommands if subcommands.contains(&"run") => format!("`{typed}`"),
        subcommands => format!("`{typed}` of `{}`", subcommands.join("`, `")),
    }
}

fn page(name: &str, command: Command) -> io::Result<(PathBuf, Vec<u8>)> {
    // The page of a subcommand is called by both words, as those of git are.
    let call = name.replacen('-', " ", 1);
    let command = command.display_name(name).bin_name(call);
    let mut content = Vec::new();
    let version = concat!("pystart ", env!("CARGO_PKG_VERSION"));
    Man::new(command).source(version).render(&mut content)?;
    Ok((Path::new("docs/man").join(format!("{name}.1")), content))
}
