//! What a [`Resident`] hands over through the re-exec: an argument list that also reads well in `ps`.
#![forbid(unsafe_code)]

use std::ffi::{CString, OsStr, OsString};
use std::time::Duration;

use super::Supervision;
use super::resident::Resident;
use super::terminal::Terminal;

/// The `argv[0]` that no caller gives us: it is no name a file is called by.
const NAME: &str = "pystart: init";

/// The argument list for the re-exec.
pub(super) fn of(resident: &Resident) -> Vec<CString> {
    let Supervision { grace, shell } = resident.supervision();
    let mut words = vec![
        NAME.to_owned(),
        format!("child={}", resident.main()),
        format!("grace={}ms", u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)),
    ];
    words.extend(resident.terminal().map(|terminal| format!("terminal={}", terminal.descriptor())));
    words.extend(shell.then(|| "shell".to_owned()));
    words.into_iter().filter_map(|word| CString::new(word).ok()).collect()
}

/// The resident that [`of`] described; `None` if these are the arguments of an ordinary start.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Option<Resident> {
    let mut args = args.into_iter();
    if args.next()? != OsStr::new(NAME) {
        return None;
    }
    let (mut main, mut supervision, mut terminal) = (None, Supervision { grace: Duration::ZERO, shell: false }, None);
    for word in args {
        match word.to_str()?.split_once('=') {
            Some(("child", pid)) => main = Some(pid.parse().ok().filter(|pid| *pid > 1)?),
            Some(("grace", time)) => supervision.grace = Duration::from_millis(time.strip_suffix("ms")?.parse().ok()?),
            Some(("terminal", descriptor)) => terminal = Some(Terminal::on(descriptor.parse().ok()?)?),
            None if word == "shell" => supervision.shell = true,
            _ => return None,
        }
    }
    Some(Resident::new(main?, supervision, terminal))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn words(list: &[&str]) -> Vec<OsString> {
        list.iter().map(OsString::from).collect()
    }

    #[test]
    fn after_the_re_exec_everything_is_known_that_was_known_before() {
        for (shell, terminal) in [(false, None), (true, Terminal::on(2))] {
            let supervision = Supervision { grace: Duration::from_millis(4200), shell };
            let before = Resident::new(7, supervision, terminal);
            let after = parse(of(&before).into_iter().map(|word| OsString::from_vec(word.into_bytes())));
            assert_eq!(after, Some(before));
        }
    }

    #[test]
    fn no_ordinary_start_is_taken_for_the_re_exec() {
        let starts: [&[&str]; 7] = [
            &[],
            &["pystart"],
            &["pystart", "pystart: init", "child=7", "grace=1ms"],
            &["pystart: init"],
            &["pystart: init", "child=1"],
            &["pystart: init", "child=7", "run"],
            &["pystart: init", "child=7", "terminal=3"],
        ];
        for start in starts {
            assert_eq!(parse(words(start)), None, "{start:?}");
        }
    }
}
