//! Writes the manual pages and the shell completions, made from the command line's own definition:
//! `cargo run --example manual`. A test compares them with it, so they cannot drift.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

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
    Ok(files)
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
