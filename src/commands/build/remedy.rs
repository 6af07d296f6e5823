//! Why a tool failed, read from what it printed, and what to do about it: a table, searched from the top. Pure.
//!
//! The signs are the words of pip, uv, setuptools, compilers and the kernel (`strerror`).

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

use super::indexes;
use crate::environ::Environ;

/// One usual failure.
pub(super) struct Remedy {
    /// Any of these in the output shows it.
    signs: &'static [&'static str],
    /// What is the matter, as the end of "`COMMAND` failed: ".
    cause: &'static str,
    /// What to do.
    hint: Hint,
    /// Another tool meets the same.
    pub(super) is_same_for_all: bool,
}

enum Hint {
    Text(&'static str),
    /// With the word behind a sign put in for `{}`.
    Word(&'static str, &'static str),
    /// With the version of Python put in for `{}`.
    Python(&'static str),
    /// With the variables for indexes and proxies that are set.
    Network,
    /// Where no folder is known that programs cannot be run from, else about that one.
    Noexec(&'static str),
}

const fn same(signs: &'static [&'static str], cause: &'static str, hint: Hint) -> Remedy {
    Remedy { signs, cause, hint, is_same_for_all: true }
}

const fn perhaps_not(signs: &'static [&'static str], cause: &'static str, hint: Hint) -> Remedy {
    Remedy { signs, cause, hint, is_same_for_all: false }
}

/// From the special to the general: the first row that fits is told.
const REMEDIES: [Remedy; 24] = [
    same(
        &["No space left on device", "Disk quota exceeded"],
        "the disk is full",
        Hint::Text("make room, or put caches and temporary files elsewhere with `PYSTART_CACHE_DIR` and `TMPDIR`"),
    ),
    same(
        &["Read-only file system"],
        "a folder is read-only",
        Hint::Text(
            "mount the app root writable for the build, and a writable `/tmp`; caches go to `PYSTART_CACHE_DIR`",
        ),
    ),
    same(
        &["failed to map segment from shared object", "Exec format error"],
        "programs and libraries cannot be loaded from where they were put",
        Hint::Noexec(
            "mount that folder without `noexec`; temporary files go to `TMPDIR`, caches to `PYSTART_CACHE_DIR`",
        ),
    ),
    same(
        &["pg_config executable not found", "pg_config: not found", "Please add the directory containing pg_config"],
        "`psycopg2` is compiled here and needs `pg_config`, which is not installed",
        Hint::Text("ask for `psycopg2-binary` instead, or build with the image's target `build`"),
    ),
    same(
        &[
            "mysql_config: not found",
            "mysql_config not found",
            "Can not find valid pkg-config name",
            "MYSQLCLIENT_CFLAGS",
        ],
        "`mysqlclient` is compiled here and needs `mysql_config`, which is not installed",
        Hint::Text("ask for `PyMySQL` instead, or build with the image's target `build`"),
    ),
    same(
        &["Python.h: No such file or directory"],
        "a package is compiled here and needs the headers of Python, which are not installed",
        Hint::Text("install `python3-dev`, or build with the image's target `build`"),
    ),
    same(
        &["fatal error: "],
        "a package is compiled here and needs a header that is not installed",
        Hint::Word(
            "fatal error: ",
            "install the Debian package that has `{}`, or build with the image's target `build`",
        ),
    ),
    same(
        &[
            "can't find Rust compiler",
            "Cargo, the Rust package manager, is not installed",
            "rustc, the rust compiler, is not installed",
        ],
        "a package is compiled here and needs Rust, which is not installed",
        Hint::Python("ask for a release of it that has a wheel for Python {}, or install `cargo` for the build"),
    ),
    same(
        &[
            "cc' failed: No such file or directory",
            "++' failed: No such file or directory",
            "gcc: not found",
            "unable to execute 'gcc'",
            "unable to execute 'x86_64-linux-gnu-gcc'",
            "No such file or directory: 'gcc'",
            "No such file or directory: 'cc'",
            "No such file or directory: 'x86_64-linux-gnu-gcc'",
            "No such file or directory: 'aarch64-linux-gnu-gcc'",
            "Unknown compiler(s)",
            "you need a C compiler",
            "No CMAKE_C_COMPILER could be found",
            "No CMAKE_CXX_COMPILER could be found",
        ],
        "a package is compiled here, and there is no compiler",
        Hint::Python(
            "ask for a release of it that has a wheel for Python {}, or build with the image's target `build`",
        ),
    ),
    same(
        &["Cannot find command 'git'", "Git executable not found", "Git operation failed"],
        "a package comes from a Git repository, which could not be read",
        Hint::Text("install `git` for the build and give it access, or ask for a release of the package"),
    ),
    same(
        &["CERTIFICATE_VERIFY_FAILED", "invalid peer certificate", "self-signed certificate"],
        "the package index has a certificate that is not trusted here",
        Hint::Text("name the certificates of your proxy or index in `SSL_CERT_FILE` and `PIP_CERT`"),
    ),
    same(
        &[
            "401 Unauthorized",
            "403 Forbidden",
            "401 Client Error",
            "403 Client Error",
            "Missing credentials",
            "User for ",
        ],
        "the package index refuses access",
        Hint::Network,
    ),
    same(
        &[
            "Temporary failure in name resolution",
            "Name or service not known",
            "nodename nor servname provided",
            "failed to lookup address information",
            "dns error",
            "Failed to establish a new connection",
            "Connection refused",
            "Network is unreachable",
            "No route to host",
            "Cannot connect to proxy",
            "tcp connect error",
            "operation timed out",
            "Read timed out",
            "network was disabled",
            "Network connectivity is disabled",
        ],
        "the package index cannot be reached",
        Hint::Network,
    ),
    same(
        &["THESE PACKAGES DO NOT MATCH THE HASHES", "Hash mismatch"],
        "a package is not the one that the hashes are of",
        Hint::Text("lock again; if nothing has changed, find out who serves another file"),
    ),
    same(
        &["poetry.lock was last generated", "`uv lock`", "pdm.lock is not up to date", "Lock file hash doesn't match"],
        "the lock file is older than what it locks",
        Hint::Text("lock again (`poetry lock`, `uv lock`, `pdm lock`) and commit the lock file"),
    ),
    same(
        &[
            "requires a different Python",
            "Requires-Python",
            "does not satisfy Python",
            "no wheels with a matching Python",
            "is not compatible with the locked Python requirement",
            "is incompatible with the project's Python requirement",
        ],
        "a package is not for this Python",
        Hint::Python("ask for a release of it that is for Python {}, or take the image of another Python"),
    ),
    same(
        &[
            "No module named 'distutils'",
            "use_2to3 is invalid",
            "has no attribute 'ImpImporter'",
            "No module named 'imp'",
        ],
        "a package is too old for this Python",
        Hint::Python("ask for a newer release of it, one that is for Python {}"),
    ),
    perhaps_not(
        &["No module named 'pkg_resources'", "No module named 'setuptools'"],
        "a package does not say what it is built with",
        Hint::Text("ask for a newer release of it, or set `PIP_CONSTRAINT` to a file with `setuptools<81`"),
    ),
    same(
        &["Could not open requirements file", "File not found: `"],
        "a requirements file that another one names is not there",
        Hint::Text("deploy it, or correct the line with `-r` or `-c`"),
    ),
    perhaps_not(
        &["Invalid requirement", "Couldn't parse requirement", "Expected package name"],
        "a line is no requirement",
        Hint::Text("write one package a line: `name`, `name==1.2`, `name[extra]>=1`"),
    ),
    perhaps_not(
        &[
            "ResolutionImpossible",
            "conflicting dependencies",
            "are incompatible",
            "your requirements are unsatisfiable",
        ],
        "two packages want different releases of a third",
        Hint::Text("loosen one of the versions that the tool names"),
    ),
    perhaps_not(
        &[
            "No matching distribution found",
            "was not found in the package registry",
            "there is no version of",
            "has no usable wheels",
        ],
        "the index has no such package or release",
        Hint::Text("check the name and the version; a package of your own needs its index in `PIP_INDEX_URL`"),
    ),
    same(
        &["ensurepip is not"],
        "this Python can make no environment",
        Hint::Text("install `python3-venv` and `python3-pip`, or `uv`"),
    ),
    same(
        &["Permission denied"],
        "this user may not write where the build writes, or not run what is there",
        Hint::Noexec(
            "build as the owner of the app root; caches go to `PYSTART_CACHE_DIR`, temporary files to `TMPDIR`",
        ),
    ),
];

/// The first row that fits what a tool has printed.
#[must_use]
pub(super) fn find(output: &str) -> Option<&'static Remedy> {
    // uv breaks its lines at the width of a terminal.
    let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
    let output = without_other_releases(&output);
    REMEDIES.iter().find(|remedy| remedy.signs.iter().any(|sign| output.contains(sign)))
}

/// Without pip's list of releases that are for another Python, where none of them is what was asked for: it stands there
/// also when the name or the version is wrong.
fn without_other_releases(output: &str) -> Cow<'_, str> {
    const BEGINS: &str = "Ignored the following versions that require a different python version: ";
    const ENDS: &str = "Could not find a version that satisfies the requirement ";
    let parts = output.split_once(BEGINS).and_then(|(before, rest)| Some((before, rest.split_once(ENDS)?)));
    let Some((before, (list, after))) = parts else { return Cow::Borrowed(output) };
    // `2.0 Requires-Python >=3.12; 2.1 Requires-Python >=3.13 ERROR:`, and `shop==99 (from versions: 1.0)`.
    let requirement = after.split(['(', ';']).next().unwrap_or_default().trim();
    let bounds = requirement.find(['=', '<', '>', '~', '!']).map_or("", |at| &requirement[at..]);
    let Ok(bounds) = VersionSpecifiers::from_str(bounds) else { return Cow::Borrowed(output) };
    let mut releases = list.split(';').filter_map(|part| Version::from_str(part.split_whitespace().next()?).ok());
    if releases.any(|release| bounds.contains(&release)) {
        return Cow::Borrowed(output);
    }
    Cow::Owned([before, ENDS, after].concat())
}

impl Remedy {
    /// What is the matter.
    pub(super) fn cause(&self) -> &'static str {
        self.cause
    }

    /// What to do about it. `noexec` is a folder that the tool runs programs from and may not, and the variable that names
    /// another.
    #[must_use]
    pub(super) fn hint(&self, output: &str, python: &str, environ: &Environ, noexec: Option<(&Path, &str)>) -> String {
        match self.hint {
            Hint::Text(text) => text.to_owned(),
            Hint::Word(sign, text) => text.replace("{}", word_behind(output, sign)),
            Hint::Python(text) => text.replace("{}", python),
            Hint::Network => network(&indexes::set_variables(environ)),
            Hint::Noexec(text) => noexec.map_or_else(
                || text.to_owned(),
                |(folder, variable)| {
                    let folder = folder.display();
                    format!(
                        "what packages are built with runs in `{folder}`, which is mounted `noexec`: mount it without \
                         (Docker: `--tmpfs {folder}:exec`), or name another folder in `{variable}`"
                    )
                },
            ),
        }
    }
}

fn word_behind<'a>(output: &'a str, sign: &str) -> &'a str {
    let rest = output.split_once(sign).map_or("", |(_, rest)| rest);
    rest.split([':', ' ', '\n', ';']).next().unwrap_or_default()
}

/// Names only: their values may hold passwords.
fn network(set: &[&str]) -> String {
    match set {
        [] => "no index and no proxy is set, so it was `pypi.org` itself: set `PIP_INDEX_URL` or `HTTPS_PROXY`, \
               or open the network for the build"
            .to_owned(),
        names => format!(
            "check what was used: {}",
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The line of the output that says most: the last one that begins as an error does, else the last one.
#[must_use]
pub(super) fn last_words(output: &str) -> Option<&str> {
    let lines = || output.lines().rev().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("[notice]"));
    let is_error = |line: &&str| ["error:", "ERROR:", "Error:", "×"].iter().any(|sign| line.starts_with(sign));
    lines().find(is_error).or_else(|| lines().next())
}

#[cfg(test)]
mod tests;
