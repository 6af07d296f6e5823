//! What was asked for: flags, then variables, then defaults, checked and complete.
//!
//! [`table`] has a row for each setting; here they are read together.

mod flags;
mod form;
mod row;
mod setting;
pub mod table;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::access_log::AccessLog;
use crate::deployed::Facts;
use crate::environ::Environ;
use crate::error::Failure;
use crate::model::Notice;
pub use flags::Flags;
pub use row::{Row, Usage};
pub use setting::{Described, Setting};
pub use table::DEFAULT_PORT;

/// The custom command as it reached us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Words of the command line: their bounds are known.
    Words(Vec<OsString>),
    /// One string, from `PYSTART_COMMAND`.
    Text(OsString),
}

/// When pystart stays as PID 1 in front of what it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// Also in front of gunicorn.
    Always,
    /// Never: everything is exec-ed.
    Never,
    /// For everything but gunicorn, which is a good PID 1 itself.
    Auto,
}

/// How many workers gunicorn gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// What gunicorn itself makes of `WEB_CONCURRENCY` and its settings.
    AsSet,
    /// `WEB_CONCURRENCY=auto`: from the limits of the container.
    Auto,
}

/// A command that is run to its end before the server is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The command, or the name of a script.
    pub text: OsString,
    /// The flag, variable or file that says so.
    pub from: String,
}

impl Before {
    /// The first one that is given, and a warning of a second one that differs.
    fn given(flags: &Flags, environ: &Environ) -> (Option<Self>, Option<Notice>) {
        let mut all = table::BEFORE.row.all_given(flags, environ);
        let Some(first) = all.next() else { return (None, None) };
        let second = all.find(|other| other.value != first.value);
        let notice = second.map(|second| Self::notice_of_second(&first.place, &second.place));
        (Some(Self { text: first.value.to_owned(), from: first.place }), notice)
    }

    /// What is told when two places name different commands.
    #[must_use]
    pub fn notice_of_second(first: &str, second: &str) -> Notice {
        Notice {
            message: format!(
                "`{first}` says what runs before the server; `{second}` says something else and is ignored"
            ),
            hint: Some("say it in one place".into()),
        }
    }
}

/// A program in front of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapper {
    /// Its command line, without the server's.
    pub text: OsString,
    /// The variable that says so.
    pub from: String,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// JSON, an object to a line.
    Json,
}

/// Everything that was asked for. Paths are absolute, numbers are in range. Never changed once it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Settings {
    /// The folder of the app.
    pub app_root: PathBuf,
    /// The flag or variable that named it; `None` for the platform's own place.
    pub app_root_from: Option<String>,
    /// The custom command.
    pub command: Option<Given>,
    /// The process of the Procfile, when one was named.
    pub process: Option<String>,
    /// An error in processing the custom command ends the start.
    pub strict: bool,
    /// A page is served where there is no app; otherwise that ends the start.
    pub has_default_site: bool,
    /// When to stay as init.
    pub init: Init,
    /// How long leftovers may take to stop.
    pub grace: Duration,
    /// How long the server is kept from the first SIGTERM; more than nothing implies the init.
    pub drain: Duration,
    /// The port, when one was named.
    pub port: Option<u16>,
    /// How many workers.
    pub workers: Workers,
    /// How many threads each of them has, when that was said.
    pub threads: Option<u16>,
    /// How gunicorn logs requests.
    pub access_log: AccessLog,
    /// We run on App Service, behind its front end.
    pub on_platform: bool,
    /// The platform splits one start-up command at its blanks (`WEBSITE_SITE_NAME`).
    pub command_was_split: bool,
    /// The port of sshd.
    pub ssh_port: Option<u16>,
    /// Build the environment first.
    pub build: bool,
    /// The virtual environment, where a build had to put it outside of the app root.
    pub environment: Option<PathBuf>,
    /// This program's absolute path, if it was called by one.
    pub program: Option<PathBuf>,
    /// What is run to its end before the server.
    pub before: Option<Before>,
    /// What is put in front of the server.
    pub wrapper: Option<Wrapper>,
    /// What its deployment says about the app.
    pub deployed: Facts,
    /// Where archives are to be unpacked.
    pub unpack_dir: Option<PathBuf>,
    /// How many bytes may come out of an archive.
    pub unpack_limit: Option<u64>,
    /// The environment that we were given, without the variables that would break the server.
    pub environ: Environ,
    /// The environment as it was given.
    pub given: Environ,
    /// What was ignored, and why.
    pub notices: Vec<Notice>,
}

impl Settings {
    /// Checks what was typed and what the environment says. `directory` is the current one.
    ///
    /// # Errors
    ///
    /// A value that is not of the accepted form; the message names the flag or variable and that form.
    pub fn new(flags: Flags, environ: &Environ, directory: &Path) -> Result<Self, Failure> {
        // What the log does is not decided by these settings, but a bad value is one whoever asks.
        table::LOG.read(&flags, environ)?;
        table::LOG_FORMAT.read(&flags, environ)?;
        let is_set = |name| environ.filled(name).is_some();
        let on_platform = is_set("WEBSITE_HOSTNAME") || is_set("WEBSITE_SITE_NAME");
        let is_port_typed = flags.has(&table::PORT.row);
        let (before, second) = Before::given(&flags, environ);
        let (mut usable, mut notices) = usable(environ, is_port_typed);
        notices.extend(second);
        let port = table::PORT.read(&flags, &usable)?;
        if let Some(port) = port.filter(|_| is_port_typed) {
            usable.set("PORT", port.to_string());
        }
        let app_root = table::APP_ROOT.read(&flags, environ)?.unwrap_or_else(|| table::DEFAULT_APP_ROOT.into());
        Ok(Self {
            // `.` and doubled slashes would show up in every path that is built on it.
            app_root: directory.join(app_root).components().collect(),
            app_root_from: table::APP_ROOT.row.given(&flags, environ).map(|given| given.place),
            process: table::PROCESS.read(&flags, environ)?,
            strict: table::STRICT.read(&flags, environ)?.unwrap_or(false),
            has_default_site: !flags.has(&table::NO_DEFAULT_SITE.row)
                && table::DEFAULT_SITE.read(&flags, environ)?.unwrap_or(true),
            init: table::INIT.read(&flags, environ)?.unwrap_or(Init::Auto),
            grace: table::GRACE.read(&flags, environ)?.unwrap_or(if on_platform {
                table::DEFAULT_GRACE_ON_PLATFORM
            } else {
                table::DEFAULT_GRACE
            }),
            drain: table::DRAIN.read(&flags, environ)?.unwrap_or(Duration::ZERO),
            port,
            workers: table::WORKERS.read(&flags, environ)?.unwrap_or(Workers::AsSet),
            threads: table::THREADS.read(&flags, environ)?,
            access_log: table::ACCESS_LOG.read(&flags, environ)?.unwrap_or(if on_platform {
                AccessLog::Text
            } else {
                AccessLog::Off
            }),
            on_platform,
            command_was_split: is_set("WEBSITE_SITE_NAME"),
            ssh_port: table::SSH_PORT.read(&flags, environ)?,
            build: table::BUILD.read(&flags, environ)?.unwrap_or(false),
            environment: None,
            program: None,
            before,
            wrapper: table::WITH.read(&flags, environ)?.map(|text| Wrapper { text, from: "PYSTART_WITH".to_owned() }),
            deployed: Facts::default(),
            unpack_dir: table::UNPACK_DIR.read(&flags, environ)?,
            unpack_limit: table::UNPACK_LIMIT.read(&flags, environ)?,
            command: if flags.command.is_empty() {
                table::COMMAND.read(&flags, environ)?.map(Given::Text)
            } else {
                Some(Given::Words(flags.command))
            },
            environ: usable,
            given: environ.clone(),
            notices,
        })
    }

    /// The same for an app whose environment a build has put into this folder, outside of the app root.
    #[must_use]
    pub fn with_environment(self, environment: Option<PathBuf>) -> Self {
        Self { environment, ..self }
    }
}

/// The environment without what would break the server or is no value at all; and what was ignored.
fn usable(environ: &Environ, is_port_typed: bool) -> (Environ, Vec<Notice>) {
    let mut usable = environ.clone();
    for name in ["PORT", "WEB_CONCURRENCY", "SSH_PORT"] {
        if usable.filled(name).is_none() {
            usable.remove(name);
        }
    }
    // Kubernetes gives every container the address of a service called `port` in this variable.
    if is_port_typed || !usable.filled("PORT").is_some_and(|value| contains(value, b"://")) {
        return (usable, Vec::new());
    }
    usable.remove("PORT");
    let notice = Notice {
        message: "`PORT` is ignored: it holds an address (a Kubernetes service link), not a port".into(),
        hint: Some("set `enableServiceLinks: false` in the pod, or give the port with `--port N`".into()),
    };
    (usable, vec![notice])
}

fn contains(value: &OsStr, part: &[u8]) -> bool {
    value.as_bytes().windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(flags: Flags, vars: &[(&str, &str)]) -> Result<Settings, Failure> {
        Settings::new(flags, &vars.iter().copied().collect(), Path::new("/here"))
    }

    fn from_vars(vars: &[(&str, &str)]) -> Settings {
        settings(Flags::default(), vars).unwrap()
    }

    #[test]
    fn the_app_root_is_flag_then_own_variable_then_the_platforms_then_the_default() {
        let vars = [("HOME_SITE", "/c"), ("PYSTART_APP_ROOT", "b")];
        let flags = Flags::default().with(&table::APP_ROOT.row, "a");
        assert_eq!(settings(flags, &vars).unwrap().app_root, Path::new("/here/a"));
        assert_eq!(from_vars(&vars).app_root, Path::new("/here/b"));
        assert_eq!(from_vars(&vars[..1]).app_root, Path::new("/c"));
        assert_eq!(from_vars(&[("HOME_SITE", ".//x/./y/")]).app_root.as_os_str(), "/here/x/y");
        assert_eq!(from_vars(&[("HOME_SITE", "")]).app_root, Path::new(table::DEFAULT_APP_ROOT));
    }

    #[test]
    fn empty_variables_are_unset_and_taken_out_where_they_break_gunicorn() {
        let got = from_vars(&[("PORT", ""), ("WEB_CONCURRENCY", ""), ("PYSTART_STRICT", ""), ("PYSTART_COMMAND", "")]);
        assert_eq!((got.port, got.workers, got.strict, got.command), (None, Workers::AsSet, false, None));
        assert_eq!(got.environ.get("PORT"), None);
        assert_eq!(got.environ.get("WEB_CONCURRENCY"), None);
        assert_eq!(got.notices, []);
    }

    #[test]
    fn the_default_site_is_switched_off_by_the_variable_or_by_the_flag() {
        assert!(from_vars(&[]).has_default_site && from_vars(&[("PYSTART_DEFAULT_SITE", "on")]).has_default_site);
        assert!(!from_vars(&[("PYSTART_DEFAULT_SITE", "off")]).has_default_site);
        let typed = Flags::default().with(&table::NO_DEFAULT_SITE.row, "1");
        assert!(!settings(typed, &[("PYSTART_DEFAULT_SITE", "on")]).unwrap().has_default_site);
    }

    #[test]
    fn a_service_link_in_port_is_ignored_with_a_note() {
        let got = from_vars(&[("PORT", "tcp://10.0.0.1:80")]);
        assert_eq!((got.port, got.environ.get("PORT"), got.notices.len()), (None, None, 1));
    }

    #[test]
    fn a_bad_value_names_the_variable_and_the_form_and_never_shows_the_value() {
        for (name, value) in [
            ("PORT", "http"),
            ("PORT", "0"),
            ("PORT", "65536"),
            ("PORT", "+8000"),
            ("PYSTART_LOG", "loud"),
            ("PYSTART_LOG_FORMAT", "xml"),
            ("SSH_PORT", "x"),
            ("WEB_CONCURRENCY", "many"),
            ("WEB_CONCURRENCY", "0"),
            ("PYSTART_STRICT", "perhaps"),
            ("PYSTART_BUILD", "2"),
            ("PYSTART_INIT", "sometimes"),
            ("PYSTART_GRACE", "soon"),
            ("PYSTART_GRACE", "-1"),
            ("PYSTART_GRACE", "inf"),
            ("PYSTART_GRACE", "86401"),
        ] {
            let failure = settings(Flags::default(), &[(name, value)]).unwrap_err();
            let hint = failure.hint.unwrap();
            assert!(failure.message.contains(&format!("`{name}`")), "{name}={value}: {}", failure.message);
            assert!(!failure.message.contains(&format!("`{value}`")) && hint.starts_with("it must be "), "{name}");
            assert_eq!(failure.status, 2);
        }
    }

    #[test]
    fn the_flag_wins_over_the_variable() {
        let vars = [("PORT", "1"), ("PYSTART_INIT", "never"), ("PYSTART_GRACE", "1"), ("PYSTART_COMMAND", "x y")];
        let flags = Flags::of_command(["z"])
            .with(&table::PORT.row, "2")
            .with(&table::INIT.row, "always")
            .with(&table::GRACE.row, "2.5");
        let got = settings(flags, &vars).unwrap();
        assert_eq!((got.port, got.init, got.grace), (Some(2), Init::Always, Duration::from_millis(2500)));
        assert_eq!(got.command, Some(Given::Words(vec!["z".into()])));
        assert_eq!(got.environ.get("PORT"), Some(OsStr::new("2")));
        let got = from_vars(&vars);
        assert_eq!((got.port, got.init, got.grace), (Some(1), Init::Never, Duration::from_secs(1)));
        assert_eq!(got.command, Some(Given::Text("x y".into())));
    }

    #[test]
    fn a_switch_is_on_off_or_unset_in_any_case() {
        for (value, is_on) in [("1", true), ("Yes", true), ("TRUE", true), ("on", true), ("0", false), ("Off", false)] {
            assert_eq!(from_vars(&[("PYSTART_STRICT", value)]).strict, is_on, "{value}");
            assert_eq!(from_vars(&[("PYSTART_BUILD", value)]).build, is_on, "{value}");
        }
    }

    #[test]
    fn workers_are_computed_only_when_that_is_asked_for() {
        for (value, workers) in [("auto", Workers::Auto), ("Auto", Workers::Auto), ("4", Workers::AsSet)] {
            assert_eq!(from_vars(&[("WEB_CONCURRENCY", value)]).workers, workers, "{value}");
        }
    }

    #[test]
    fn either_variable_of_the_platform_tells_that_we_are_there() {
        let there = |name| from_vars(&[(name, "shop")]);
        assert!(there("WEBSITE_HOSTNAME").on_platform && there("WEBSITE_SITE_NAME").on_platform);
        assert!(!there("WEBSITE_HOSTNAME").command_was_split && there("WEBSITE_SITE_NAME").command_was_split);
        assert!(!there("WEBSITE_OTHER").on_platform);
    }

    #[test]
    fn the_grace_is_below_what_the_orchestrator_gives() {
        assert_eq!(from_vars(&[]).grace, table::DEFAULT_GRACE);
        assert_eq!(from_vars(&[("WEBSITE_SITE_NAME", "shop")]).grace, table::DEFAULT_GRACE_ON_PLATFORM);
    }
}
