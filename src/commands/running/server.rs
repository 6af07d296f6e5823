//! Which process is the site's server, and whether a start would make the same one. Pure.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::processes::Process;
use crate::model::Launch;

/// The server that PID 1 is, or that it looks after as init; `None` where PID 1 is neither.
///
/// As init pystart names its main child in its own command line; before it does, the main child is the oldest one
/// that is not sshd.
pub(super) fn behind_pid_1(all: &[Process]) -> Option<&Process> {
    let first = all.iter().find(|process| process.pid == 1)?;
    if !is_pystart(first) {
        return Some(first);
    }
    let named = first.argv.iter().find_map(|word| word.to_str()?.strip_prefix("child=")?.parse::<i32>().ok());
    match named {
        Some(pid) => all.iter().find(|process| process.pid == pid),
        None => all
            .iter()
            .filter(|process| process.parent == 1 && process.name != "sshd" && !is_pystart(process))
            .min_by_key(|process| (process.start, process.pid)),
    }
}

fn is_pystart(process: &Process) -> bool {
    let first = process.argv.first().map(Path::new).and_then(Path::file_name);
    first.is_some_and(|name| name == "pystart" || name.as_encoded_bytes().starts_with(b"pystart: "))
}

/// Is `pid` the server or one of its descendants?
pub(super) fn is_below(all: &[Process], server: i32, mut pid: i32) -> bool {
    // As many steps as there are processes: the table is no snapshot, and a number may come back.
    for _ in 0..=all.len() {
        if pid == server {
            return true;
        }
        match all.iter().find(|process| process.pid == pid) {
            Some(process) => pid = process.parent,
            None => return false,
        }
    }
    false
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

    fn process(pid: i32, parent: i32, name: &str, line: &str) -> Process {
        Process { pid, parent, name: name.into(), argv: words(line), start: u64::from(pid.unsigned_abs()) }
    }

    #[test]
    fn the_server_is_pid_1_or_what_the_init_in_front_names() {
        let taken_over =
            [process(1, 0, "gunicorn", "/bin/python /bin/gunicorn app:app"), process(7, 1, "gunicorn", "x")];
        assert_eq!(behind_pid_1(&taken_over).map(|process| process.pid), Some(1));
        let children = [process(5, 1, "sshd", "sshd"), process(7, 1, "python", "a"), process(9, 1, "orphan", "b")];
        let named = [&[process(1, 0, "pystart", "pystart:_init child=9")][..], &children].concat();
        let mut init = named;
        init[0].argv[0] = "pystart: init".into();
        assert_eq!(behind_pid_1(&init).map(|process| process.pid), Some(9));
        let first = [&[process(1, 0, "pystart", "/usr/local/bin/pystart run x")][..], &children].concat();
        assert_eq!(behind_pid_1(&first).map(|process| process.pid), Some(7));
        assert_eq!(behind_pid_1(&[]), None);
    }

    #[test]
    fn what_belongs_to_the_server_is_below_it() {
        let all = [process(1, 0, "a", "a"), process(7, 1, "b", "b"), process(8, 7, "c", "c"), process(30, 0, "d", "d")];
        assert!(is_below(&all, 1, 8) && is_below(&all, 7, 7));
        assert!(!is_below(&all, 7, 30) && !is_below(&all, 7, 99));
        let circle = [process(3, 4, "a", "a"), process(4, 3, "b", "b")];
        assert!(!is_below(&circle, 1, 3));
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
