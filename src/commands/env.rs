//! The app's environment for a shell: `eval "$(pystart env)"`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::commands::deployed;
use crate::commands::output::{self, print};
use crate::commands::pid1::{self, Session, Source};
use crate::decide::decide;
use crate::environ::Environ;
use crate::error::Failure;
use crate::invocation::Invocation;
use crate::log;
use crate::settings::{Flags, table};
use crate::shell::words;

/// `pystart env`: prints the environment; the exit status.
///
/// # Errors
///
/// A bad setting, or standard output that cannot be written.
pub fn env(flags: Flags, invocation: &Invocation) -> Result<u8, Failure> {
    let is_for_machines = flags.has(&table::JSON.row);
    let session = Session::find(invocation);
    let source = session.source;
    // A container's app has what it got; elsewhere it is what it would get.
    let app = match source {
        Source::Container => session.environ,
        Source::Process | Source::ProcessOfAnotherUser => would_get(flags, invocation)?,
    };
    if let Some(notice) = source.notice() {
        log::notice(&notice);
    }
    print(&if is_for_machines { json(&app, source).into_bytes() } else { exports(&app, source) })?;
    Ok(0)
}

/// What the app would get if it were started now.
fn would_get(flags: Flags, invocation: &Invocation) -> Result<Environ, Failure> {
    let (settings, _) = pid1::settings(flags, invocation)?;
    let deployed::Seen { settings, files } = deployed::look(settings)?;
    // Where nothing can be started, the environment is wanted all the more.
    Ok(decide(&settings, &files).environ)
}

/// What belongs to one shell and not to the app, wherever it comes from.
const OF_A_SHELL: [&str; 4] = ["OLDPWD", "PWD", "SHLVL", "_"];

/// What a shell keeps for itself: the read-only and numeric variables of bash, of which one alone ends what is evaluated
/// in POSIX mode, and the bounds of words, which no shell takes from its environment either.
const KEPT_BY_SHELLS: [&str; 11] =
    ["BASHOPTS", "BASH_VERSINFO", "EUID", "HISTCMD", "IFS", "OPTIND", "PPID", "RANDOM", "SHELLOPTS", "SRANDOM", "UID"];

/// What a login session has already, and has right: PID 1's would be those of another user or another terminal.
const OF_A_SESSION: [&str; 7] = ["HOME", "HOSTNAME", "LOGNAME", "MAIL", "SHELL", "TERM", "USER"];

/// May this variable be handed to a shell?
fn is_wanted(name: &OsStr, source: Source) -> bool {
    let listed = |names: &[&str]| names.iter().any(|other| name == *other);
    name != pid1::GIVEN && !listed(&OF_A_SHELL) && !(source == Source::Container && listed(&OF_A_SESSION))
}

/// A line `export NAME='VALUE'` for each variable, safe for any bytes in the value.
///
/// A name that is no identifier of the shell, or that a shell keeps for itself, gives a comment. Of two variables with one name
/// the first counts, as in getenv(3).
#[must_use]
pub fn exports(environ: &Environ, source: Source) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in wanted(environ, source) {
        if KEPT_BY_SHELLS.iter().any(|kept| name == *kept) {
            out.extend_from_slice(b"# skipped, a shell keeps it for itself: ");
            out.extend_from_slice(name.as_bytes());
        } else if name.to_str().is_some_and(words::is_identifier) {
            out.extend_from_slice(b"export ");
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            out.extend(words::in_single_quotes(value));
        } else {
            out.extend_from_slice(b"# skipped, no name for a shell: ");
            // Whatever could end the comment, or mean something to a terminal, is replaced.
            out.extend(name.as_bytes().iter().map(|byte| if byte.is_ascii_graphic() { *byte } else { b'?' }));
        }
        out.push(b'\n');
    }
    out
}

/// The same as one JSON object; what is not UTF-8 is replaced, since JSON has no bytes.
#[must_use]
pub fn json(environ: &Environ, source: Source) -> String {
    let object: serde_json::Map<_, _> = wanted(environ, source)
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into()))
        .collect();
    output::json(&serde_json::Value::from(object))
}

fn wanted(environ: &Environ, source: Source) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    let mut seen = BTreeSet::new();
    environ.iter().filter(move |(name, _)| seen.insert(*name) && is_wanted(name, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(environ: &Environ, source: Source) -> String {
        String::from_utf8_lossy(&exports(environ, source)).into_owned()
    }

    #[test]
    fn values_are_quoted_and_names_no_shell_knows_are_comments() {
        let environ = Environ::from_block(b"A=it's\0B=\0x-y=1\0a\n;rm=2\x001X=3\0C=$(x)`y`\n\"\0A=second\0");
        let expected = "export A='it'\\''s'\nexport B=''\n# skipped, no name for a shell: x-y\n\
                        # skipped, no name for a shell: a?;rm\n# skipped, no name for a shell: 1X\n\
                        export C='$(x)`y`\n\"'\n";
        assert_eq!(text(&environ, Source::Process), expected);
    }

    #[test]
    fn a_session_keeps_what_is_its_own() {
        let environ: Environ =
            [("PWD", "/"), ("_", "x"), ("HOME", "/root"), ("TERM", "t"), (pid1::GIVEN, "1"), ("PATH", "/bin")]
                .into_iter()
                .collect();
        assert_eq!(text(&environ, Source::Container), "export PATH='/bin'\n");
        assert_eq!(text(&environ, Source::Process), "export HOME='/root'\nexport TERM='t'\nexport PATH='/bin'\n");
    }

    #[test]
    fn json_holds_the_same_variables() {
        let environ = Environ::from_block(b"x-y=1\0A=\xff\0PWD=/\0");
        let object: serde_json::Value = serde_json::from_str(&json(&environ, Source::Process)).unwrap();
        assert_eq!(object, serde_json::json!({"x-y": "1", "A": "\u{fffd}"}));
    }
}
