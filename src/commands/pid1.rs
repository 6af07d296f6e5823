//! Called by hand in a container whose site runs: what PID 1 was given, and what its app got.
//!
//! `explain`, `check` and `env` are there to tell what PID 1 decided, and a login shell knows nothing of that: its
//! environment was made by sshd or by `docker exec`, and PID 1's arguments went with `execve`.

use std::ffi::{OsStr, OsString};
use std::io;

use serde::Serialize;

use crate::cli::Call;
use crate::commands::{app_root, build};
use crate::environ::Environ;
use crate::error::Failure;
use crate::invocation::Invocation;
use crate::model::Notice;
use crate::process::procfs;
use crate::settings::{Flags, Settings};
use crate::shell::words;

/// The variable that tells a session in the container what PID 1 was given. `execve` replaces the arguments of PID 1,
/// but not this: the words of its command line, each quoted for a shell.
pub(crate) const GIVEN: &str = "PYSTART_PID1";

/// `pystart` and its arguments, as one line for a shell: the value of [`GIVEN`].
#[must_use]
pub(crate) fn given(args: &[OsString]) -> OsString {
    words::join(std::iter::once(OsStr::new("pystart")).chain(args.iter().map(OsString::as_os_str)))
}

/// Does the kernel take this value in the environment? One string may have 32 pages, its name and the final NUL included
/// (`MAX_ARG_STRLEN`); a longer one would keep everything from starting, so it is left out.
pub(crate) fn fits(given: &OsStr) -> bool {
    GIVEN.len() + 1 + given.len() < 128 * 1024
}

/// The arguments that [`given`] wrote down.
fn parse_given(value: &OsStr) -> Vec<OsString> {
    words::split(value).unwrap_or_default().words.into_iter().skip(1).collect()
}

/// Whose environment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// That of the container's app: a pystart is or was PID 1.
    Container,
    /// Our own.
    Process,
    /// Our own, because that of PID 1 may not be read: it runs as another user.
    ProcessOfAnotherUser,
}

impl Source {
    /// What has to be said about an answer that may not be the container's.
    #[must_use]
    pub fn notice(self) -> Option<Notice> {
        (self == Self::ProcessOfAnotherUser).then(|| Notice {
            message:
                "PID 1 runs as another user, or for another reason its environment cannot be read: this is about what \
                      would be started with the environment of this session, not about what runs"
                    .into(),
            hint: Some("ask as the user of the container or as root: `docker exec --user 0 ...`".into()),
        })
    }
}

/// What a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The environment.
    pub environ: Environ,
    /// Where it comes from.
    pub source: Source,
}

impl Session {
    /// The environment of the container's app where there is one and it may be read, else `own`.
    ///
    /// PID 1 is either what took pystart's place, or pystart as init; its environment is the app's in both cases, and
    /// carries [`GIVEN`], which nothing else in the container does by accident: it is looked for there only.
    #[must_use]
    pub(crate) fn find(invocation: &Invocation) -> Self {
        let first = if invocation.is_pid_1 { Ok(Environ::default()) } else { procfs::environ(1) };
        Self::choose(&invocation.environ, first, || procfs::command_line(1))
    }

    fn choose(own: &Environ, first: io::Result<Environ>, name: impl Fn() -> Option<String>) -> Self {
        let source = match first {
            Ok(environ) if environ.get(GIVEN).is_some() => return Self { environ, source: Source::Container },
            Err(error) if error.kind() != io::ErrorKind::NotFound && name().is_some_and(|name| may_be_ours(&name)) => {
                Source::ProcessOfAnotherUser
            }
            _ => Source::Process,
        };
        Self { environ: own.clone(), source }
    }

    /// What was typed, and for everything that was not, what PID 1 was given.
    #[must_use]
    pub(crate) fn flags(&self, typed: Flags) -> Flags {
        match self.environ.get(GIVEN).map(|given| Call::parse(&parse_given(given))) {
            Some(Call::Run(given)) if self.source == Source::Container => typed.or(given),
            _ => typed,
        }
    }
}

/// Is a PID 1 with this command line pystart, or what usually took its place? Outside of containers, and in those of
/// others, PID 1 is often another user's, and nobody wants to hear of it.
fn may_be_ours(command_line: &str) -> bool {
    command_line.starts_with("pystart") || command_line.contains("gunicorn")
}

/// The settings of a call that reports on the site: in its container those of PID 1, unless others are typed.
///
/// # Errors
///
/// As [`app_root::settings`].
pub(crate) fn settings(flags: Flags, invocation: &Invocation) -> Result<(Settings, Source), Failure> {
    let session = Session::find(invocation);
    let settings = app_root::settings(session.flags(flags), &session.environ)?;
    let cached = settings.build.then(|| build::cached_environment(&settings.app_root, &settings.environ)).flatten();
    let mut settings = settings.with_environment(cached);
    settings.notices.extend(session.source.notice());
    Ok((settings, session.source))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::settings::table::{APP_ROOT, BUILD, GRACE, INIT, PORT, STRICT};

    fn environ(pairs: &[(&str, &str)]) -> Environ {
        pairs.iter().copied().collect()
    }

    #[test]
    fn what_pid_1_was_given_can_be_recovered_byte_for_byte() {
        let words: Vec<OsString> = [&b"run"[..], b"--app-root", b"/a b", b"--", b"sh", b"-c", b"echo '$X' \"`\n\xff"]
            .iter()
            .map(|word| OsStr::from_bytes(word).to_owned())
            .collect();
        assert_eq!(parse_given(&given(&words)), words);
        assert_eq!(parse_given(&given(&[])), Vec::<OsString>::new());
    }

    #[test]
    fn only_the_environment_of_a_pystarts_app_is_the_containers() {
        let own = environ(&[("A", "own"), (GIVEN, "pystart")]);
        let plain = environ(&[("A", "init")]);
        let app = environ(&[("A", "app"), (GIVEN, "pystart")]);
        let rows = [
            ("pystart, or what it became", Ok(app.clone()), "gunicorn", (&app, Source::Container)),
            ("another init", Ok(plain), "tini", (&own, Source::Process)),
            ("no /proc", Err(io::ErrorKind::NotFound), "tini", (&own, Source::Process)),
            (
                "another user's",
                Err(io::ErrorKind::PermissionDenied),
                "pystart: init child=7",
                (&own, Source::ProcessOfAnotherUser),
            ),
            (
                "another user's gunicorn",
                Err(io::ErrorKind::PermissionDenied),
                "/usr/bin/python3 /usr/bin/gunicorn app:app",
                (&own, Source::ProcessOfAnotherUser),
            ),
            ("a machine", Err(io::ErrorKind::PermissionDenied), "/sbin/init splash", (&own, Source::Process)),
        ];
        for (row, first, name, (environ, source)) in rows {
            let found = Session::choose(&own, first.map_err(io::Error::from), || Some(name.to_owned()));
            assert_eq!((&found.environ, found.source), (environ, source), "{row}");
        }
    }

    #[test]
    fn what_was_typed_counts_before_what_pid_1_was_given() {
        let given = environ(&[(GIVEN, "pystart run --port 81 'a b'")]);
        let container = Session { environ: given.clone(), source: Source::Container };
        let first = Flags::of_command(["a b"]).with(&PORT.row, "81");
        let typed = Flags::default().with(&PORT.row, "82");
        assert_eq!(container.flags(Flags::default()), first);
        assert_eq!(container.flags(typed.clone()), first.with(&PORT.row, "82"));
        let all = environ(&[(GIVEN, "pystart run --app-root /a --strict --init never --grace 3 --build x y")]);
        let container = Session { environ: all, source: Source::Container };
        let all = Flags::of_command(["x", "y"])
            .with(&APP_ROOT.row, "/a")
            .with(&STRICT.row, "1")
            .with(&INIT.row, "never")
            .with(&GRACE.row, "3")
            .with(&BUILD.row, "1");
        assert_eq!(container.flags(Flags::default()), all);
        let others = Flags::of_command(["z"])
            .with(&APP_ROOT.row, "/b")
            .with(&PORT.row, "1")
            .with(&INIT.row, "auto")
            .with(&GRACE.row, "4");
        let both = others.clone().with(&STRICT.row, "1").with(&BUILD.row, "1");
        assert_eq!(container.flags(others), both);
        let process = Session { environ: given, source: Source::Process };
        assert_eq!(process.flags(Flags::default()), Flags::default());
    }
}
