//! gunicorn's command line, read as Python's `argparse` reads it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// One of gunicorn's settings: its name, its long option, its short one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) long: &'static str,
    pub(super) short: Option<u8>,
}

/// The settings that pystart has an opinion on.
pub(super) const SETTINGS: [Setting; 18] = [
    Setting { name: "access_log_format", long: "--access-logformat", short: None },
    Setting { name: "accesslog", long: "--access-logfile", short: None },
    Setting { name: "bind", long: "--bind", short: Some(b'b') },
    Setting { name: "chdir", long: "--chdir", short: None },
    Setting { name: "config", long: "--config", short: Some(b'c') },
    Setting { name: "control_socket", long: "--control-socket", short: None },
    Setting { name: CONTROL_SOCKET_DISABLE, long: "--no-control-socket", short: None },
    Setting { name: "logconfig", long: "--log-config", short: None },
    // A dictionary: for a configuration file alone.
    Setting { name: "logconfig_dict", long: "", short: None },
    Setting { name: "logconfig_json", long: "--log-config-json", short: None },
    Setting { name: "logger_class", long: "--logger-class", short: None },
    Setting { name: PRELOAD_APP, long: "--preload", short: None },
    Setting { name: "statsd_host", long: "--statsd-host", short: None },
    Setting { name: "threads", long: "--threads", short: None },
    Setting { name: "timeout", long: "--timeout", short: Some(b't') },
    Setting { name: "worker_class", long: "--worker-class", short: Some(b'k') },
    Setting { name: "worker_tmp_dir", long: "--worker-tmp-dir", short: None },
    Setting { name: "workers", long: "--workers", short: Some(b'w') },
];

/// The ones that take no value.
const CONTROL_SOCKET_DISABLE: &str = "control_socket_disable";
const PRELOAD_APP: &str = "preload_app";

/// gunicorn's short options without a value: several may stand in one word, and one with a value behind them.
const SWITCHES: [u8; 4] = [b'D', b'R', b'h', b'v'];

/// A setting that a command line sets, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given<'a> {
    pub(super) name: &'static str,
    pub(super) value: Option<&'a OsStr>,
}

/// Every setting that these words set, in their order.
///
/// What gunicorn would refuse (an abbreviation of several options, an option without its value) is read as well as it
/// goes: nothing will be started.
pub(super) fn settings(words: &[OsString]) -> Vec<Given<'_>> {
    let mut given = Vec::new();
    let mut words = words.iter().map(|word| word.as_bytes()).peekable();
    while let Some(word) = words.next() {
        if word == b"--" {
            break;
        }
        let (found, attached) = option(word);
        if found.is_empty() {
            continue;
        }
        let takes_value = found.iter().any(|setting| ![CONTROL_SOCKET_DISABLE, PRELOAD_APP].contains(&setting.name));
        let value = match attached {
            Some(value) => Some(value),
            None if takes_value => words.next_if(|next| is_argument(next)),
            None => None,
        };
        given.extend(found.iter().map(|setting| Given { name: setting.name, value: value.map(OsStr::from_bytes) }));
    }
    given
}

/// The settings that a word may be the option of, and the value that it holds itself.
fn option(word: &[u8]) -> (Vec<&'static Setting>, Option<&[u8]>) {
    let Some(short) = word.strip_prefix(b"-") else { return (Vec::new(), None) };
    if !short.starts_with(b"-") {
        return short_option(short);
    }
    let equals = word.iter().position(|byte| *byte == b'=');
    let (name, value) = match equals {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let exact: Vec<_> = SETTINGS.iter().filter(|setting| setting.long.as_bytes() == name).collect();
    if !exact.is_empty() {
        return (exact, value);
    }
    // The beginning of a long option stands for it, where it is the beginning of no other.
    (SETTINGS.iter().filter(|setting| setting.long.as_bytes().starts_with(name)).collect(), value)
}

/// `b`, `b=VALUE`, `bVALUE`, and any number of switches in front.
fn short_option(word: &[u8]) -> (Vec<&'static Setting>, Option<&[u8]>) {
    let switches = word.iter().take_while(|byte| SWITCHES.contains(byte)).count();
    let Some((letter, value)) = word[switches..].split_first() else { return (Vec::new(), None) };
    let found = SETTINGS.iter().filter(|setting| setting.short == Some(*letter)).collect();
    let value = (!value.is_empty()).then(|| value.strip_prefix(b"=").unwrap_or(value));
    (found, value)
}

/// Can a word be the value of the option in front of it, and not an option itself?
fn is_argument(word: &[u8]) -> bool {
    let is_number = |text: &[u8]| {
        let (whole, fraction) = text.iter().position(|byte| *byte == b'.').map_or((text, text), |at| text.split_at(at));
        let fraction = fraction.strip_prefix(b".").unwrap_or(fraction);
        whole.iter().all(u8::is_ascii_digit) && !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit)
    };
    match word.strip_prefix(b"-") {
        None | Some([]) => true,
        Some(rest) => is_number(rest) || (word.contains(&b' ') && option(word).0.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> String {
        let words: Vec<OsString> = line.split('|').map(OsString::from).collect();
        let given = settings(&words);
        let shown = given.iter().map(|given| match given.value {
            Some(value) => format!("{}={}", given.name, value.display()),
            None => given.name.to_owned(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_spelling_is_read_as_argparse_reads_it() {
        for (line, wanted) in [
            ("--bind=x", "bind=x"),
            ("--preload|-b|x", "preload_app bind=x"),
            ("--access-logfile|-|--access-logformat=x", "accesslog=- access_log_format=x"),
            ("--logger-class|x|--threads|4", "logger_class=x threads=4"),
            ("--bind|x", "bind=x"),
            ("-b|x", "bind=x"),
            ("-bx", "bind=x"),
            ("-b=x", "bind=x"),
            ("--bin|x", "bind=x"),
            ("--bin=x", "bind=x"),
            ("--conf|x.py", "config=x.py"),
            ("--con|x.py", "config=x.py control_socket=x.py"),
            ("--time=5", "timeout=5"),
            ("--no-c|x", "control_socket_disable"),
            ("--no-control-socket|-t|5", "control_socket_disable timeout=5"),
            ("-Rb|:81", "bind=:81"),
            ("-Rt30", "timeout=30"),
            ("-RDt=30", "timeout=30"),
            ("-R|-c=c.py", "config=c.py"),
            ("-w|-1", "workers=-1"),
            ("-w|-.5", "workers=-.5"),
            ("-w|-", "workers=-"),
            ("-w|-1.", "workers"),
            ("-w|-1.2.3", "workers"),
            ("-b|-x y", "bind=-x y"),
            ("-b|-k y", "bind worker_class= y"),
            ("-w|-b", "workers bind"),
            ("--workers|2|app:app|--chdir|d", "workers=2 chdir=d"),
            (
                "--worker-class=a|--worker-tmp-dir=b|--control-socket=c",
                "worker_class=a worker_tmp_dir=b control_socket=c",
            ),
            ("--|--bind=x", ""),
            ("--binding|x", ""),
            ("--backlog|5", ""),
            ("-nx", ""),
            ("-n|x", ""),
            ("-R", ""),
            ("-", ""),
            ("app:app", ""),
        ] {
            assert_eq!(given(line), wanted, "{line}");
        }
    }
}
