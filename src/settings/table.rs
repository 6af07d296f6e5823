//! Everything that can be set, one row each: the one place for flag, variables, accepted form, default and help.
//!
//! The command line, [`Settings`](super::Settings), the messages about bad values and the documentation all come from
//! here. A new setting is a row, its place in [`TABLE`], and a field of `Settings` that reads it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::form;
use super::row::{Row, Usage};
use super::setting::{Described, Setting};
use super::{Init, LogFormat, Workers};
use crate::access_log::AccessLog;

/// Where the platform mounts the site.
pub const DEFAULT_APP_ROOT: &str = "/home/site/wwwroot";

/// The port that gunicorn takes when nobody names one, and that the platform asks for.
pub const DEFAULT_PORT: u16 = 8000;

/// How long what a command leaves behind may take to stop: below Docker's 10 seconds.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(9);

/// The same on the platform, which kills after 5 seconds (`WEBSITES_CONTAINER_STOP_TIME_LIMIT`).
pub const DEFAULT_GRACE_ON_PLATFORM: Duration = Duration::from_secs(4);

/// What `health` asks for.
pub const DEFAULT_HEALTH_PATH: &str = "/";

/// How long the whole answer to `health` may take: below the 30 seconds that Docker gives a health check, and enough
/// for a site that is busy.
pub const DEFAULT_HEALTH_LIMIT: Duration = Duration::from_secs(5);

/// How long loading the app may take in `check`.
pub const DEFAULT_CHECK_LIMIT: Duration = Duration::from_mins(1);

/// The subcommands that decide what to start.
const STARTING: &[&str] = &["run", "explain", "check", "env"];

/// The folder of the app.
pub static APP_ROOT: Setting<PathBuf> = Setting::new(
    form::FOLDER,
    Row {
        usage: Usage::Option { long: "app-root", short: Some('C'), value: "DIR" },
        subcommands: &["run", "explain", "check", "env", "build"],
        variables: &["PYSTART_APP_ROOT", "HOME_SITE"],
        default: Some(|| DEFAULT_APP_ROOT.to_owned()),
        help: "The folder of the app",
    },
);

/// The port to listen on.
pub static PORT: Setting<u16> = Setting::new(
    form::PORT,
    Row {
        usage: Usage::Option { long: "port", short: None, value: "N" },
        subcommands: &["run", "explain", "check", "env", "health"],
        variables: &["PORT"],
        default: Some(|| DEFAULT_PORT.to_string()),
        help: "The port to listen on",
    },
);

/// The process of the Procfile.
pub static PROCESS: Setting<String> = Setting::new(
    form::PROCESS,
    Row {
        usage: Usage::Option { long: "process", short: None, value: "NAME" },
        subcommands: STARTING,
        variables: &["PYSTART_PROCESS"],
        default: Some(|| "web".to_owned()),
        help: "The process of the Procfile; another than `web` comes before all but the custom command",
    },
);

/// An error in processing the custom command ends the start.
pub static STRICT: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Switch { long: "strict" },
        subcommands: STARTING,
        variables: &["PYSTART_STRICT"],
        default: None,
        help: "An error in the custom command ends the start",
    },
);

/// The page that is served where there is no app.
pub static DEFAULT_SITE: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_DEFAULT_SITE"],
        default: Some(|| "on".to_owned()),
        help: "Serve a page where there is no app; off: end with status 1 and the reasons",
    },
);

/// The same, typed.
pub static NO_DEFAULT_SITE: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Switch { long: "no-default-site" },
        subcommands: STARTING,
        variables: &[],
        default: None,
        help: "Where there is no app end with status 1 and the reasons, instead of serving a page",
    },
);

/// When to stay as init.
pub static INIT: Setting<Init> = Setting::new(
    form::INIT,
    Row {
        usage: Usage::Option { long: "init", short: None, value: "WHEN" },
        subcommands: STARTING,
        variables: &["PYSTART_INIT"],
        default: Some(|| "auto".to_owned()),
        help: "Stay as PID 1: always, never, or auto: for all but gunicorn",
    },
);

/// How long leftover processes may take to stop.
pub static GRACE: Setting<Duration> = Setting::new(
    form::SECONDS,
    Row {
        usage: Usage::Option { long: "grace", short: None, value: "SECONDS" },
        subcommands: STARTING,
        variables: &["PYSTART_GRACE"],
        default: Some(|| {
            format!("{}, on App Service {}", DEFAULT_GRACE.as_secs(), DEFAULT_GRACE_ON_PLATFORM.as_secs())
        }),
        help: "How long leftover processes may take to stop",
    },
);

/// How long a stop is delayed for load balancers.
pub static DRAIN: Setting<Duration> = Setting::new(
    form::SECONDS,
    Row {
        usage: Usage::Option { long: "drain", short: None, value: "SECONDS" },
        subcommands: STARTING,
        variables: &["PYSTART_DRAIN"],
        default: Some(|| "0".to_owned()),
        help: "How long the server still works after a request to end, while `health` says no; implies the init",
    },
);

/// Build the environment first.
pub static BUILD: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Switch { long: "build" },
        subcommands: STARTING,
        variables: &["PYSTART_BUILD"],
        default: None,
        help: "Make or refresh the virtual environment first",
    },
);

/// Where builds keep what the next one can use.
pub static CACHE_DIR: Setting<PathBuf> = Setting::new(
    form::ABSOLUTE_FOLDER,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_CACHE_DIR"],
        default: None,
        help: "Where builds keep packages and tools for the next one, for instance on a volume",
    },
);

/// The custom command.
pub static COMMAND: Setting<OsString> = Setting::new(
    form::TEXT,
    Row {
        usage: Usage::Words { value: "COMMAND" },
        subcommands: STARTING,
        variables: &["PYSTART_COMMAND"],
        default: None,
        help: "The start-up command: words, one string, or a file of the app root",
    },
);

/// How much is logged.
pub static LOG: Setting<LevelFilter> = Setting::new(
    form::LOG_LEVEL,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_LOG"],
        default: Some(|| "info".to_owned()),
        help: "How much is logged",
    },
);

/// How it is written.
pub static LOG_FORMAT: Setting<LogFormat> = Setting::new(
    form::LOG_FORMAT,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_LOG_FORMAT"],
        default: Some(|| "text".to_owned()),
        help: "How the log is written",
    },
);

/// How many workers.
pub static WORKERS: Setting<Workers> = Setting::new(
    form::WORKERS,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["WEB_CONCURRENCY"],
        default: None,
        help: "Workers; auto: from the CPU quota, the affinity and the memory limit of the container",
    },
);

/// What runs before the server.
pub static BEFORE: Setting<OsString> = Setting::new(
    form::TEXT,
    Row {
        usage: Usage::Option { long: "before", short: None, value: "COMMAND" },
        subcommands: STARTING,
        variables: &["PYSTART_BEFORE", "PRE_RUN_COMMAND"],
        default: None,
        help: "A command or script to run to its end before the server",
    },
);

/// What stands in front of the server.
pub static WITH: Setting<OsString> = Setting::new(
    form::TEXT,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_WITH"],
        default: None,
        help: "A program or `python -m MODULE` to put in front of the server: a tracer, a debugger",
    },
);

/// Where archives are unpacked.
pub static UNPACK_DIR: Setting<PathBuf> = Setting::new(
    form::ABSOLUTE_FOLDER,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_UNPACK_DIR"],
        default: Some(|| "/tmp, else another temporary folder".to_owned()),
        help: "The folder that deployed archives are unpacked in",
    },
);

/// How much may come out of an archive.
pub static UNPACK_LIMIT: Setting<u64> = Setting::new(
    form::BYTES,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_UNPACK_LIMIT"],
        default: Some(|| "1 GiB, or 100 times the archive".to_owned()),
        help: "How many bytes a deployed archive may hold",
    },
);

/// How many threads each worker has.
pub static THREADS: Setting<u16> = Setting::new(
    form::COUNT,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_THREADS"],
        default: Some(|| "8 with WEB_CONCURRENCY=auto, else 1".to_owned()),
        help: "Threads of each worker, for a WSGI app; 1 is none",
    },
);

/// A line for each request.
pub static ACCESS_LOG: Setting<AccessLog> = Setting::new(
    form::ACCESS_LOG,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["PYSTART_ACCESS_LOG"],
        default: Some(|| "on, on App Service only".to_owned()),
        help: "gunicorn writes a line for each request to standard output; json: an object a line",
    },
);

/// Arguments for gunicorn.
pub static GUNICORN_CMD_ARGS: Setting<OsString> = Setting::new(
    form::TEXT,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["GUNICORN_CMD_ARGS"],
        default: None,
        help: "Arguments for gunicorn; they win over every default and are never overwritten",
    },
);

/// Whose forwarded headers gunicorn believes.
pub static FORWARDED_ALLOW_IPS: Setting<OsString> = Setting::new(
    form::TEXT,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["FORWARDED_ALLOW_IPS"],
        default: Some(|| "*, on App Service only".to_owned()),
        help: "Whose `X-Forwarded-Proto` is believed",
    },
);

/// The port of sshd.
pub static SSH_PORT: Setting<u16> = Setting::new(
    form::PORT,
    Row {
        usage: Usage::Variable,
        subcommands: &[],
        variables: &["SSH_PORT"],
        default: None,
        help: "Start sshd on this port",
    },
);

/// For machines.
pub static JSON: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Switch { long: "json" },
        subcommands: &["explain", "check", "env", "build"],
        variables: &[],
        default: None,
        help: "Print JSON for machines",
    },
);

/// Everything.
pub static VERBOSE: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Switch { long: "verbose" },
        subcommands: &["explain"],
        variables: &[],
        default: None,
        help: "List the files that were read, too",
    },
);

/// What `health` asks for.
pub static HEALTH_PATH: Setting<String> = Setting::new(
    form::URL_PATH,
    Row {
        usage: Usage::Option { long: "path", short: None, value: "PATH" },
        subcommands: &["health"],
        variables: &["PYSTART_HEALTH_PATH", "WEBSITE_WARMUP_PATH"],
        default: Some(|| DEFAULT_HEALTH_PATH.to_owned()),
        help: "What to ask for",
    },
);

/// Whether the site is alive, not whether it is ready.
pub static HEALTH_LIVE: Setting<bool> = Setting::new(
    form::SWITCH,
    Row {
        usage: Usage::Switch { long: "live" },
        subcommands: &["health"],
        variables: &[],
        default: None,
        help: "Only ask whether the port accepts connections: for what restarts a site, a busy one included",
    },
);

/// How long the answer may take.
pub static HEALTH_LIMIT: Setting<Duration> = Setting::new(
    form::TIME_LIMIT,
    Row {
        usage: Usage::Option { long: "time-limit", short: None, value: "SECONDS" },
        subcommands: &["health"],
        variables: &["PYSTART_HEALTH_TIMEOUT"],
        default: Some(|| DEFAULT_HEALTH_LIMIT.as_secs().to_string()),
        help: "For the whole answer",
    },
);

/// How long loading the app may take.
pub static CHECK_LIMIT: Setting<Duration> = Setting::new(
    form::TIME_LIMIT,
    Row {
        usage: Usage::Option { long: "time-limit", short: None, value: "SECONDS" },
        subcommands: &["check"],
        variables: &["PYSTART_CHECK_TIMEOUT"],
        default: Some(|| DEFAULT_CHECK_LIMIT.as_secs().to_string()),
        help: "How long loading the app may take",
    },
);

/// Every setting, in the order in which the help and the documentation tell of them.
pub static TABLE: [&dyn Described; 30] = [
    &APP_ROOT,
    &PORT,
    &PROCESS,
    &STRICT,
    &NO_DEFAULT_SITE,
    &DEFAULT_SITE,
    &INIT,
    &GRACE,
    &DRAIN,
    &BUILD,
    &BEFORE,
    &CACHE_DIR,
    &COMMAND,
    &LOG,
    &LOG_FORMAT,
    &WORKERS,
    &WITH,
    &THREADS,
    &ACCESS_LOG,
    &UNPACK_DIR,
    &UNPACK_LIMIT,
    &GUNICORN_CMD_ARGS,
    &FORWARDED_ALLOW_IPS,
    &SSH_PORT,
    &JSON,
    &VERBOSE,
    &HEALTH_PATH,
    &HEALTH_LIVE,
    &HEALTH_LIMIT,
    &CHECK_LIMIT,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environ::Environ;
    use crate::settings::Flags;

    #[test]
    fn no_subcommand_has_two_flags_of_one_name_and_every_row_can_be_set() {
        for (at, setting) in TABLE.iter().enumerate() {
            let row = setting.row();
            assert_eq!(row.usage == Usage::Variable, row.subcommands.is_empty(), "{}", row.help);
            assert!(row.usage != Usage::Variable || !row.variables.is_empty(), "{}", row.help);
            for other in TABLE[at + 1..].iter().map(|other| other.row()) {
                let is_same = row.usage.long().is_some() && row.usage.long() == other.usage.long();
                assert!(
                    !is_same || row.subcommands.iter().all(|name| !other.subcommands.contains(name)),
                    "{}",
                    row.help
                );
                assert!(row.variables.iter().all(|name| !other.variables.contains(name)), "{:?}", row.variables);
            }
        }
    }

    #[test]
    fn the_first_variable_that_is_filled_counts_and_the_flag_before_them_all() {
        let both: Environ = [("PYSTART_APP_ROOT", ""), ("HOME_SITE", "/c")].into_iter().collect();
        assert_eq!(APP_ROOT.read(&Flags::default(), &both), Ok(Some("/c".into())));
        assert_eq!(APP_ROOT.read(&Flags::default().with(&APP_ROOT.row, "/a"), &both), Ok(Some("/a".into())));
        assert_eq!(APP_ROOT.read(&Flags::default(), &Environ::default()), Ok(None));
    }
}
