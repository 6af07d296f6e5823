//! What a [`Resident`] hands over through the re-exec: an argument list that also reads well in `ps`.
#![forbid(unsafe_code)]

use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::time::Duration;

use super::Supervision;
use super::look::ExpectedPort;
use super::resident::Resident;
use super::terminal::Terminal;

/// The `argv[0]` that no caller gives us: it is no name a file is called by.
const NAME: &str = "pystart: init";

/// The argument list for the re-exec.
pub(super) fn of(resident: &Resident) -> Vec<CString> {
    let Supervision { grace, shell, drain, expected } = resident.supervision();
    let mut words =
        vec![NAME.to_owned(), format!("child={}", resident.main()), format!("grace={}", Milliseconds(grace))];
    words.extend((!drain.is_zero()).then(|| format!("drain={}", Milliseconds(drain))));
    words.extend(expected.map(|ExpectedPort { port, times: [first, second] }| {
        format!("port={port}@{},{}", Milliseconds(first), Milliseconds(second))
    }));
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
    let (mut main, mut supervision, mut terminal) = (None, Supervision::default(), None);
    for word in args {
        match word.to_str()?.split_once('=') {
            Some(("child", pid)) => main = Some(pid.parse().ok().filter(|pid| *pid > 1)?),
            Some(("grace", time)) => supervision.grace = milliseconds(time)?,
            Some(("drain", time)) => supervision.drain = milliseconds(time)?,
            Some(("port", expected)) => supervision.expected = Some(expected_port(expected)?),
            Some(("terminal", descriptor)) => terminal = Some(Terminal::on(descriptor.parse().ok()?)?),
            None if word == "shell" => supervision.shell = true,
            _ => return None,
        }
    }
    Some(Resident::new(main?, supervision, terminal))
}

/// `4200ms`
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}ms", u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX))
    }
}

fn milliseconds(text: &str) -> Option<Duration> {
    Some(Duration::from_millis(text.strip_suffix("ms")?.parse().ok()?))
}

/// `8000@10000ms,60000ms`
fn expected_port(text: &str) -> Option<ExpectedPort> {
    let (port, times) = text.split_once('@')?;
    let (first, second) = times.split_once(',')?;
    Some(ExpectedPort { port: port.parse().ok()?, times: [milliseconds(first)?, milliseconds(second)?] })
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
        let grace = Duration::from_millis(4200);
        let plain = Supervision { grace, ..Supervision::default() };
        let full =
            Supervision { grace, shell: true, drain: Duration::from_secs(15), expected: Some(ExpectedPort::new(8000)) };
        for (supervision, terminal) in [(plain, None), (full, Terminal::on(2))] {
            let before = Resident::new(7, supervision, terminal);
            let after = parse(of(&before).into_iter().map(|word| OsString::from_vec(word.into_bytes()))).unwrap();
            assert_eq!((after.main(), after.supervision(), after.terminal()), (7, supervision, terminal));
        }
    }

    #[test]
    fn no_ordinary_start_is_taken_for_the_re_exec() {
        let starts: [&[&str]; 10] = [
            &[],
            &["pystart"],
            &["pystart", "pystart: init", "child=7", "grace=1ms"],
            &["pystart: init"],
            &["pystart: init", "child=1"],
            &["pystart: init", "child=7", "run"],
            &["pystart: init", "child=7", "terminal=3"],
            &["pystart: init", "child=7", "grace=1"],
            &["pystart: init", "child=7", "drain=1s"],
            &["pystart: init", "child=7", "port=8000"],
        ];
        for start in starts {
            assert!(parse(words(start)).is_none(), "{start:?}");
        }
    }
}
