//! What was asked for: flags, then variables, then defaults, checked and complete.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::environ::Environ;
use crate::error::Failure;
use crate::model::Notice;

/// Where the platform mounts the site.
pub const APP_ROOT: &str = "/home/site/wwwroot";

/// The port that gunicorn takes when nobody names one, and that the platform asks for.
pub const DEFAULT_PORT: u16 = 8000;

/// How long what a command leaves behind may take to stop: below Docker's 10 seconds.
pub const GRACE: Duration = Duration::from_secs(9);

/// The same on the platform, which kills after 5 seconds (`WEBSITES_CONTAINER_STOP_TIME_LIMIT`).
pub const GRACE_ON_PLATFORM: Duration = Duration::from_secs(4);

/// What was typed, nothing computed: the command line in the form that [`Settings::new`] takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--app-root`.
    pub app_root: Option<PathBuf>,
    /// `--port`.
    pub port: Option<OsString>,
    /// `--strict`.
    pub strict: bool,
    /// `--init`.
    pub init: Option<OsString>,
    /// `--grace`.
    pub grace: Option<OsString>,
    /// `--build`.
    pub build: bool,
    /// The words of the custom command.
    pub command: Vec<OsString>,
}

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

/// Everything that was asked for. Paths are absolute, numbers are in range.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Settings {
    /// The folder of the app.
    pub app_root: PathBuf,
    /// The flag or variable that named it; `None` for the platform's own place.
    pub app_root_from: Option<&'static str>,
    /// The custom command.
    pub command: Option<Given>,
    /// An error in processing the custom command ends the start.
    pub strict: bool,
    /// When to stay as init.
    pub init: Init,
    /// How long leftovers may take to stop.
    pub grace: Duration,
    /// The port, when one was named.
    pub port: Option<u16>,
    /// How many workers.
    pub workers: Workers,
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
        let mut reader = Reader { environ: environ.clone(), notices: Vec::new() };
        let (app_root, app_root_from) = reader.app_root(flags.app_root);
        let on_platform = reader.is_set("WEBSITE_HOSTNAME") || reader.is_set("WEBSITE_SITE_NAME");
        let command = if flags.command.is_empty() {
            reader.environ.filled("PYSTART_COMMAND").map(|text| Given::Text(text.to_owned()))
        } else {
            Some(Given::Words(flags.command))
        };
        Ok(Self {
            // `.` and doubled slashes would show up in every path that is built on it.
            app_root: directory.join(app_root).components().collect(),
            app_root_from,
            command,
            strict: flags.strict || reader.switch("PYSTART_STRICT")?,
            init: reader.init(flags.init)?,
            grace: reader.grace(flags.grace, on_platform)?,
            port: reader.port(flags.port)?,
            workers: reader.workers()?,
            on_platform,
            command_was_split: reader.is_set("WEBSITE_SITE_NAME"),
            ssh_port: reader.number_of_port("SSH_PORT")?,
            build: flags.build || reader.switch("PYSTART_BUILD")?,
            environment: None,
            environ: reader.environ,
            given: environ.clone(),
            notices: reader.notices,
        })
    }
}

/// Reads variables; an empty one is an unset one and is taken out where it would break gunicorn.
struct Reader {
    environ: Environ,
    notices: Vec<Notice>,
}

impl Reader {
    fn is_set(&self, name: &str) -> bool {
        self.environ.filled(name).is_some()
    }

    fn app_root(&self, flag: Option<PathBuf>) -> (PathBuf, Option<&'static str>) {
        if let Some(path) = flag {
            return (path, Some("--app-root"));
        }
        for name in ["PYSTART_APP_ROOT", "HOME_SITE"] {
            if let Some(path) = self.environ.filled(name) {
                return (path.into(), Some(name));
            }
        }
        (APP_ROOT.into(), None)
    }

    fn switch(&self, name: &'static str) -> Result<bool, Failure> {
        let Some(value) = self.environ.filled(name) else { return Ok(false) };
        match value.to_ascii_lowercase().as_bytes() {
            b"1" | b"true" | b"yes" | b"on" => Ok(true),
            b"0" | b"false" | b"no" | b"off" => Ok(false),
            _ => Err(bad_value(name, "1 or 0 (also true, yes, on; false, no, off)")),
        }
    }

    fn init(&self, flag: Option<OsString>) -> Result<Init, Failure> {
        let Some((name, value)) = self.flag_or_variable(flag, "--init", "PYSTART_INIT") else { return Ok(Init::Auto) };
        match value.as_bytes() {
            b"always" => Ok(Init::Always),
            b"never" => Ok(Init::Never),
            b"auto" => Ok(Init::Auto),
            _ => Err(bad_value(name, "always, never or auto")),
        }
    }

    fn grace(&self, flag: Option<OsString>, on_platform: bool) -> Result<Duration, Failure> {
        let Some((name, value)) = self.flag_or_variable(flag, "--grace", "PYSTART_GRACE") else {
            return Ok(if on_platform { GRACE_ON_PLATFORM } else { GRACE });
        };
        let seconds = value.to_str().and_then(|text| text.parse().ok());
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|grace| *grace <= Duration::from_hours(24))
            .ok_or_else(|| bad_value(name, "a number of seconds, 0 to 86400"))
    }

    fn port(&mut self, flag: Option<OsString>) -> Result<Option<u16>, Failure> {
        if let Some(value) = flag {
            let port = parse_port(&value).ok_or_else(|| bad_value("--port", PORT_FORM))?;
            self.environ.set("PORT", port.to_string());
            return Ok(Some(port));
        }
        // Kubernetes gives every container the address of a service called `port` in this variable.
        if self.environ.filled("PORT").is_some_and(|value| contains(value, b"://")) {
            self.environ.remove("PORT");
            self.notices.push(Notice {
                message: "`PORT` is ignored: it holds an address (a Kubernetes service link), not a port".into(),
                hint: Some("set `enableServiceLinks: false` in the pod, or give the port with `--port N`".into()),
            });
        }
        self.number_of_port("PORT")
    }

    fn number_of_port(&mut self, name: &'static str) -> Result<Option<u16>, Failure> {
        let Some(value) = self.environ.filled(name) else {
            self.environ.remove(name);
            return Ok(None);
        };
        parse_port(value).map(Some).ok_or_else(|| bad_value(name, PORT_FORM))
    }

    fn workers(&mut self) -> Result<Workers, Failure> {
        let Some(value) = self.environ.filled("WEB_CONCURRENCY") else {
            self.environ.remove("WEB_CONCURRENCY");
            return Ok(Workers::AsSet);
        };
        if value.eq_ignore_ascii_case("auto") {
            return Ok(Workers::Auto);
        }
        let number = value.to_str().and_then(|text| text.parse::<u16>().ok());
        match number {
            Some(1..) => Ok(Workers::AsSet),
            _ => Err(bad_value("WEB_CONCURRENCY", "a number of workers from 1 up, or auto")),
        }
    }

    fn flag_or_variable(
        &self,
        flag: Option<OsString>,
        flag_name: &'static str,
        variable: &'static str,
    ) -> Option<(&'static str, OsString)> {
        match flag {
            Some(value) => Some((flag_name, value)),
            None => self.environ.filled(variable).map(|value| (variable, value.to_owned())),
        }
    }
}

const PORT_FORM: &str = "a port number, 1 to 65535";

fn parse_port(value: &OsStr) -> Option<u16> {
    value.to_str()?.parse().ok().filter(|port| *port > 0)
}

fn contains(value: &OsStr, part: &[u8]) -> bool {
    value.as_bytes().windows(part.len()).any(|window| window == part)
}

/// What a time limit must be.
pub(crate) const SECONDS_FORM: &str = "a number of seconds above 0, at most 86400";

/// A time limit: more than nothing, at most a day.
pub(crate) fn seconds(value: &OsStr) -> Option<Duration> {
    let seconds = value.to_str()?.parse().ok()?;
    let limit = Duration::try_from_secs_f64(seconds).ok()?;
    (!limit.is_zero() && limit <= Duration::from_hours(24)).then_some(limit)
}

/// The value itself is never shown: a secret may have landed in the wrong variable.
pub(crate) fn bad_value(name: &str, form: &str) -> Failure {
    let kind = if name.starts_with("--") { "option" } else { "variable" };
    Failure::usage(format!("the value of the {kind} `{name}` is not valid")).with_hint(format!("it must be {form}"))
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
        let flags = Flags { app_root: Some("a".into()), ..Flags::default() };
        assert_eq!(settings(flags, &vars).unwrap().app_root, Path::new("/here/a"));
        assert_eq!(from_vars(&vars).app_root, Path::new("/here/b"));
        assert_eq!(from_vars(&vars[..1]).app_root, Path::new("/c"));
        assert_eq!(from_vars(&[("HOME_SITE", ".//x/./y/")]).app_root.as_os_str(), "/here/x/y");
        assert_eq!(from_vars(&[("HOME_SITE", "")]).app_root, Path::new(APP_ROOT));
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
        let flags = Flags {
            port: Some("2".into()),
            init: Some("always".into()),
            grace: Some("2.5".into()),
            command: vec!["z".into()],
            ..Flags::default()
        };
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
    fn time_limits_are_more_than_nothing_and_at_most_a_day() {
        assert_eq!(seconds(OsStr::new("0.5")), Some(Duration::from_millis(500)));
        assert_eq!(seconds(OsStr::new("86400")), Some(Duration::from_hours(24)));
        for bad in ["0", "-1", "86401", "nan", "x", ""] {
            assert_eq!(seconds(OsStr::new(bad)), None, "{bad}");
        }
    }

    #[test]
    fn the_grace_is_below_what_the_orchestrator_gives() {
        assert_eq!(from_vars(&[]).grace, GRACE);
        assert_eq!(from_vars(&[("WEBSITE_SITE_NAME", "shop")]).grace, GRACE_ON_PLATFORM);
    }
}
