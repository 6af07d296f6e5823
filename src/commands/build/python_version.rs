//! Whether the interpreter is one that the project is for, told before anything is downloaded. Pure.

use pep440_rs::{Version, VersionSpecifiers};

use super::forms::Wanted;

/// Is this version one of those wanted? `None` where what is written is in no form that is known: then the tools say
/// what they think of it.
pub(super) fn is_wanted(wanted: &Wanted, version: &str) -> Option<bool> {
    let version: Version = version.parse().ok()?;
    // Poetry's alternatives: `^3.9 || ^3.11`.
    let mut alternatives = wanted.versions.split("||").map(|all| specifiers(all).map(|all| all.contains(&version)));
    alternatives.try_fold(false, |fits, alternative| Some(fits | alternative?))
}

/// PEP 440, and what Poetry and Pipenv write beyond it: `^3.11`, `~3.11`, `3.11`, `*`.
fn specifiers(text: &str) -> Option<VersionSpecifiers> {
    let clauses: Option<Vec<String>> =
        text.split(',').map(str::trim).filter(|clause| !matches!(*clause, "" | "*")).map(clause).collect();
    clauses?.join(",").parse().ok()
}

fn clause(text: &str) -> Option<String> {
    let numbers = |text: &str| -> Option<(u64, Option<u64>)> {
        let mut parts = text.trim().split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next().filter(|part| *part != "*").map(|part| part.parse().ok());
        Some((major, minor.flatten()))
    };
    if let Some(from) = text.strip_prefix('^') {
        return Some(format!(">={},<{}", from.trim(), numbers(from)?.0 + 1));
    }
    match text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        Some(from) => Some(match numbers(from)? {
            (major, Some(minor)) => format!(">={},<{major}.{}", from.trim(), minor + 1),
            (major, None) => format!(">={major},<{}", major + 1),
        }),
        None if text.starts_with(|letter: char| letter.is_ascii_digit()) => Some(match text.matches('.').count() {
            2.. => format!("=={text}"),
            _ => format!("=={}.*", text.trim_end_matches(".*")),
        }),
        None => Some(text.to_owned()),
    }
}

/// The minor version that `.python-version` (pyenv, uv) or `runtime.txt` (Heroku) pins: `3.12` of `python-3.12.3`.
pub(super) fn pinned(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let version = line.strip_prefix("python-").or_else(|| line.strip_prefix("cpython@")).unwrap_or(line);
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| format!("{major}.{minor}"))
}

/// `3.12` of `3.12.1`.
pub(super) fn minor(version: &str) -> &str {
    let end = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_tools_write_them() {
        let rows = [
            (">=3.10", "3.11.7", Some(true)),
            (">=3.12", "3.11.7", Some(false)),
            (">=3.10,<3.11", "3.11.7", Some(false)),
            ("==3.11.*", "3.11.7", Some(true)),
            ("~=3.10", "3.11.7", Some(true)),
            ("~=3.10.2", "3.11.7", Some(false)),
            ("^3.10", "3.11.7", Some(true)),
            ("^3.12", "3.11.7", Some(false)),
            ("^2.7", "3.11.7", Some(false)),
            ("~3.11", "3.11.7", Some(true)),
            ("~3.10", "3.11.7", Some(false)),
            ("~3", "3.11.7", Some(true)),
            ("3.11", "3.11.7", Some(true)),
            ("3.1", "3.11.7", Some(false)),
            ("3.11.*", "3.11.7", Some(true)),
            ("3.*", "3.11.7", Some(true)),
            ("3.11.2", "3.11.7", Some(false)),
            ("^3.8 || ^3.11", "3.11.7", Some(true)),
            ("~2.7 || ~3.6", "3.11.7", Some(false)),
            ("*", "3.11.7", Some(true)),
            ("", "3.11.7", Some(true)),
            (">=3.13", "3.13.0rc1", Some(false)),
            ("new", "3.11.7", None),
        ];
        for (versions, version, expected) in rows {
            let wanted = Wanted { versions: versions.into(), place: "" };
            assert_eq!(is_wanted(&wanted, version), expected, "{versions} {version}");
        }
    }

    #[test]
    fn a_pin_is_a_minor_version_whoever_wrote_it() {
        let rows = [
            ("3.12\n", Some("3.12")),
            ("# ours\n\n 3.12.3 \n3.11", Some("3.12")),
            ("python-3.9.18\n", Some("3.9")),
            ("cpython@3.13", Some("3.13")),
            ("pypy3.10-7.3", None),
            ("system", None),
            ("3", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(pinned(text).as_deref(), expected, "{text}");
        }
        assert_eq!((minor("3.12.1"), minor("3.12")), ("3.12", "3.12"));
    }
}
