//! Which process is the site's server, and whether a start would make the same one. Pure.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::model::Launch;

/// What PID 1 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The server: it took the place of pystart.
    Server,
    /// pystart as init, which names its main child in its own command line.
    InitOf(i32),
    /// pystart before it does that: the main child is the oldest one that is not sshd.
    Pystart,
}

/// From the command line of PID 1.
pub(super) fn first(words: &[OsString]) -> First {
    let name = words.first().map(Path::new).and_then(Path::file_name).map(OsStr::as_encoded_bytes).unwrap_or_default();
    if name != b"pystart" && !name.starts_with(b"pystart: ") {
        return First::Server;
    }
    let named = words.iter().find_map(|word| word.to_str()?.strip_prefix("child=")?.parse().ok());
    named.map_or(First::Pystart, First::InitOf)
}

/// Would this start make the process that has this command line? `None` where that cannot be told: a shell or another
/// program may have put a third one in its place since.
pub(super) fn is_made_by(argv: &[OsString], launch: &Launch, target: Option<&str>) -> Option<bool> {
    if let [title] = argv
        && let Some(app) = title_app(title)
    {
        return target.map(|target| app == target || target.strip_suffix(":application") == Some(app));
    }
    let is_same = has_command_line(argv, launch);
    // gunicorn stays what it is.
    let is_certain = is_same || target.is_some() && !launch.is_shell;
    is_certain.then_some(is_same)
}

fn has_command_line(argv: &[OsString], launch: &Launch) -> bool {
    let given = launch.argv.get(1..).unwrap_or_default();
    let Some(front) = argv.strip_suffix(given) else { return false };
    // In front of the arguments: the name that was given, or what the kernel makes of a script: its interpreter, the
    // interpreter's argument, the script's path (execve(2)).
    let name = |word: &OsStr| Path::new(word).file_name().map(OsStr::to_owned);
    let names = [launch.argv.first().and_then(|word| name(word)), name(launch.program.as_os_str())];
    front.last().is_some_and(|word| names.contains(&name(word)))
}

/// `app:app` of `gunicorn: master [app:app]`, which gunicorn writes where `setproctitle` is installed
/// (`gunicorn/util.py`, `_setproctitle`; `gunicorn/arbiter.py`, `start`).
pub(super) fn title_app(title: &OsStr) -> Option<&str> {
    title.to_str()?.trim_end().strip_prefix("gunicorn: master [")?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::environ::Environ;
    use crate::model::Mode;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn pid_1_is_the_server_or_the_init_in_front_of_it() {
        assert_eq!(first(&words("/bin/python /bin/gunicorn app:app")), First::Server);
        assert_eq!(first(&words("/usr/local/bin/pystart run x")), First::Pystart);
        let init: Vec<OsString> = ["pystart: init", "child=9", "grace=9000ms"].iter().map(OsString::from).collect();
        assert_eq!(first(&init), First::InitOf(9));
        assert_eq!(first(&words("/x/child=9 pystart")), First::Server);
        assert_eq!(first(&[]), First::Server);
    }

    #[test]
    fn a_command_line_is_compared_with_what_the_kernel_makes_of_a_script() {
        let launch = |program: &str, line: &str| Launch {
            program: PathBuf::from(program),
            argv: words(line),
            directory: "/site".into(),
            environ: Environ::default(),
            mode: Mode::Exec,
            is_shell: false,
            copies: Vec::new(),
            expected_port: None,
        };
        let gunicorn = launch("/site/antenv/bin/gunicorn", "gunicorn --bind=0.0.0.0 app:app");
        let rows = [
            ("/usr/bin/python3 /site/antenv/bin/gunicorn --bind=0.0.0.0 app:app", Some(true)),
            ("/usr/bin/python3 -I /site/antenv/bin/gunicorn --bind=0.0.0.0 app:app", Some(true)),
            ("gunicorn --bind=0.0.0.0 app:app", Some(true)),
            ("/usr/bin/python3 /site/antenv/bin/gunicorn --bind=0.0.0.0 main:app", Some(false)),
            ("/usr/bin/python3 /site/antenv/bin/uvicorn --bind=0.0.0.0 app:app", Some(false)),
            ("--bind=0.0.0.0 app:app", Some(false)),
        ];
        for (line, expected) in rows {
            assert_eq!(is_made_by(&words(line), &gunicorn, Some("app:app")), expected, "{line}");
        }
        let script = Launch { is_shell: true, ..launch("/bin/sh", "/bin/sh /site/start.sh") };
        assert_eq!(is_made_by(&words("/bin/sh /site/start.sh"), &script, None), Some(true));
        assert_eq!(is_made_by(&words("/bin/python /bin/gunicorn a:b"), &script, None), None, "it may have exec-ed it");
        let titled = |title: &str, target| is_made_by(&[title.into()], &gunicorn, target);
        assert_eq!(titled("gunicorn: master [app:app]", Some("app:app")), Some(true));
        assert_eq!(titled("gunicorn: master [shop.wsgi]", Some("shop.wsgi:application")), Some(true));
        assert_eq!(titled("gunicorn: master [main:app]", Some("app:app")), Some(false));
        assert_eq!(titled("gunicorn: master [app:app]", None), None);
    }
}
