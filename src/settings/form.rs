//! What a value may be: how it is read, and the words that say so when it is something else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::{Init, LogFormat, Workers};
use crate::access_log::AccessLog;

/// The accepted form of a value.
pub(super) struct Form<T: 'static> {
    /// What it must be, as the end of a sentence that begins "it must be".
    pub(super) described: &'static str,
    /// The value that a text stands for; `None` if it is not of this form.
    pub(super) parse: fn(&OsStr) -> Option<T>,
}

/// Yes or no. A flag of this form has no value: it says yes.
pub(super) const SWITCH: Form<bool> = Form {
    described: "1 or 0 (also true, yes, on; false, no, off)",
    parse: |value| match value.to_ascii_lowercase().as_bytes() {
        b"1" | b"true" | b"yes" | b"on" => Some(true),
        b"0" | b"false" | b"no" | b"off" => Some(false),
        _ => None,
    },
};

/// A port that a server can listen on.
pub(super) const PORT: Form<u16> =
    Form { described: "a port number, 1 to 65535", parse: |value| number(value).filter(|port| *port > 0) };

/// A time that may be nothing, at most a day.
pub(super) const SECONDS: Form<Duration> = Form { described: "a number of seconds, 0 to 86400", parse: seconds };

/// A time limit: more than nothing, at most a day.
pub(super) const TIME_LIMIT: Form<Duration> = Form {
    described: "a number of seconds above 0, at most 86400",
    parse: |value| seconds(value).filter(|limit| !limit.is_zero()),
};

/// A folder, relative to the current one or absolute.
pub(super) const FOLDER: Form<PathBuf> = Form { described: "a path", parse: |value| Some(value.into()) };

/// A folder that is the same wherever we are called from.
pub(super) const ABSOLUTE_FOLDER: Form<PathBuf> = Form {
    described: "an absolute path",
    parse: |value| Some(PathBuf::from(value).components().collect()).filter(|path: &PathBuf| path.is_absolute()),
};

/// A number of bytes.
pub(super) const BYTES: Form<u64> =
    Form { described: "a number of bytes from 1 up", parse: |value| number(value).filter(|bytes| *bytes > 0) };

/// A path that can stand in a request line.
pub(super) const URL_PATH: Form<String> = Form {
    described: "a path that begins with `/`, special characters percent-encoded",
    parse: |value| {
        let is_path = |text: &&str| text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
        value.to_str().filter(is_path).map(str::to_owned)
    },
};

/// The name of a process in a Procfile.
pub(super) const PROCESS: Form<String> = Form {
    described: "a name of letters, digits, `-` and `_`",
    parse: |value| {
        let is_name = |text: &&str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        value.to_str().filter(is_name).map(str::to_owned)
    },
};

/// Anything; what it means is somebody else's to say.
pub(super) const TEXT: Form<OsString> = Form { described: "a text", parse: |value| Some(value.to_owned()) };

/// See [`Init`].
pub(super) const INIT: Form<Init> = Form {
    described: "always, never or auto",
    parse: |value| match value.as_bytes() {
        b"always" => Some(Init::Always),
        b"never" => Some(Init::Never),
        b"auto" => Some(Init::Auto),
        _ => None,
    },
};

/// See [`Workers`]. A number is gunicorn's to read.
pub(super) const WORKERS: Form<Workers> = Form {
    described: "a number of workers from 1 up, or auto",
    parse: |value| {
        if value.eq_ignore_ascii_case("auto") {
            return Some(Workers::Auto);
        }
        number(value).filter(|count: &u16| *count > 0).map(|_| Workers::AsSet)
    },
};

/// How many of something.
pub(super) const COUNT: Form<u16> =
    Form { described: "a number from 1 up", parse: |value| number(value).filter(|count| *count > 0) };

/// How much is logged.
pub(super) const LOG_LEVEL: Form<LevelFilter> = Form {
    described: "off, error, warn, info, debug or trace",
    parse: |value| match value.to_ascii_lowercase().as_bytes() {
        b"off" => Some(LevelFilter::OFF),
        b"error" => Some(LevelFilter::ERROR),
        b"warn" => Some(LevelFilter::WARN),
        b"info" => Some(LevelFilter::INFO),
        b"debug" => Some(LevelFilter::DEBUG),
        b"trace" => Some(LevelFilter::TRACE),
        _ => None,
    },
};

/// See [`LogFormat`].
pub(super) const LOG_FORMAT: Form<LogFormat> = Form {
    described: "text or json",
    parse: |value| match value.to_ascii_lowercase().as_bytes() {
        b"text" => Some(LogFormat::Text),
        b"json" => Some(LogFormat::Json),
        _ => None,
    },
};

/// See [`AccessLog`].
pub(super) const ACCESS_LOG: Form<AccessLog> = Form {
    described: "on, off or json (also 1, true, yes; 0, false, no)",
    parse: |value| {
        if value.eq_ignore_ascii_case("json") {
            return Some(AccessLog::Json);
        }
        (SWITCH.parse)(value).map(|is_on| if is_on { AccessLog::Text } else { AccessLog::Off })
    },
};

/// Digits alone: the standard library would take `+8000`, which no server does.
fn number<N: std::str::FromStr>(value: &OsStr) -> Option<N> {
    let text = value.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

fn seconds(value: &OsStr) -> Option<Duration> {
    let seconds = value.to_str()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= Duration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(form: &Form<T>, value: &str) -> Option<T> {
        (form.parse)(OsStr::new(value))
    }

    #[test]
    fn time_limits_are_more_than_nothing_and_at_most_a_day() {
        assert_eq!(read(&TIME_LIMIT, "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(read(&TIME_LIMIT, "86400"), Some(Duration::from_hours(24)));
        for bad in ["0", "-1", "86401", "nan", "x", ""] {
            assert_eq!(read(&TIME_LIMIT, bad), None, "{bad}");
        }
        assert_eq!(read(&SECONDS, "0"), Some(Duration::ZERO));
    }

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        assert_eq!(read(&PORT, "8000"), Some(8000));
        for bad in ["+8000", "-1", " 8000", "8000 ", "0", "65536", "", "0x50", "8e3"] {
            assert_eq!(read(&PORT, bad), None, "{bad}");
            assert_eq!(read(&WORKERS, bad), None, "{bad}");
        }
        assert_eq!((read(&BYTES, "0"), read(&COUNT, "0")), (None, None));
        assert_eq!((read(&BYTES, "1"), read(&COUNT, "1")), (Some(1), Some(1)));
        assert_eq!(read(&WORKERS, "1"), Some(Workers::AsSet));
        assert_eq!(read(&WORKERS, "Auto"), Some(Workers::Auto));
    }

    #[test]
    fn every_word_is_the_choice_it_says_and_no_other_is_one() {
        let levels = ["off", "error", "warn", "info", "debug", "trace", "WARN", "loud"];
        let read_levels = levels.map(|level| read(&LOG_LEVEL, level).map(|level| level.to_string()));
        let expected = ["off", "error", "warn", "info", "debug", "trace", "warn"].map(|level| Some(level.to_owned()));
        assert_eq!(read_levels[..7], expected);
        assert_eq!(read_levels[7], None);
        let formats = ["text", "json", "JSON", "xml"].map(|format| read(&LOG_FORMAT, format));
        assert_eq!(formats, [Some(LogFormat::Text), Some(LogFormat::Json), Some(LogFormat::Json), None]);
        let inits = ["always", "never", "auto", "maybe"].map(|init| read(&INIT, init));
        assert_eq!(inits, [Some(Init::Always), Some(Init::Never), Some(Init::Auto), None]);
        let logs = ["on", "off", "json", "x"].map(|log| read(&ACCESS_LOG, log));
        assert_eq!(logs, [Some(AccessLog::Text), Some(AccessLog::Off), Some(AccessLog::Json), None]);
    }

    #[test]
    fn a_path_of_a_request_cannot_break_out_of_its_line() {
        assert_eq!(read(&URL_PATH, "/up?x=1").as_deref(), Some("/up?x=1"));
        for bad in ["", "healthz", "/a b", "/a\r\nX: y", "/\u{e4}"] {
            assert_eq!(read(&URL_PATH, bad), None, "{bad:?}");
        }
    }
}
