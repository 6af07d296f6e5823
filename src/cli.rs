//! What may be typed. Nothing is computed here but the words themselves.
//!
//! The grammar of the top level is not one that clap knows: a first word that is no subcommand begins the custom
//! command, even when it looks like an option. So the first word is looked at here, and clap gets the rest; only the
//! subcommand at hand is built, since building them all would cost more than the decision.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::commands::health::Flags as HealthFlags;
use crate::settings::Flags;

/// A call, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Start the site.
    Run(Flags),
    /// Say what `run` would do.
    Explain(Reporting),
    /// Prove that the site would start.
    Check(Reporting),
    /// Make or refresh the virtual environment.
    Build(Flags),
    /// Print the app's environment.
    Env(Reporting),
    /// Ask the site.
    Health(HealthFlags),
    /// Help, the version, or a usage error: clap's own text and status.
    Answer {
        /// What to print.
        text: String,
        /// Whether it is an error: then it goes to standard error, with status 2.
        is_error: bool,
    },
}

/// What `explain` and its kin take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reporting {
    /// The flags of `run` that it reports on.
    pub flags: Flags,
    /// For machines.
    pub json: bool,
    /// `--time-limit` of `check`.
    pub limit: Option<OsString>,
}

impl Call {
    /// Takes the arguments apart, the program's name left out.
    #[must_use]
    pub fn parse(args: &[OsString]) -> Self {
        let Some(first) = args.first() else { return Self::Run(Flags::default()) };
        match first.to_str() {
            // Nothing but a command: no option, so nothing to ask clap about, which costs more than the decision.
            Some("run") if args.get(1).is_none_or(|word| !word.as_bytes().starts_with(b"-")) => {
                Self::Run(Flags { command: args[1..].to_vec(), ..Flags::default() })
            }
            Some("run") => with_matches(run(), args, |matches| Self::Run(flags(matches))),
            Some("explain") => with_matches(explain(), args, |matches| Self::Explain(report(matches))),
            Some("check") => with_matches(check(), args, |matches| Self::Check(report(matches))),
            Some("build") => with_matches(build(), args, |matches| Self::Build(flags(matches))),
            Some("env") => with_matches(env(), args, |matches| Self::Env(report(matches))),
            Some("health") => with_matches(health(), args, |matches| Self::Health(health_flags(matches))),
            Some("--help") => Self::Answer { text: whole().render_long_help().to_string(), is_error: false },
            Some("--version") => {
                Self::Answer { text: concat!("pystart ", env!("PYSTART_BUILD"), "\n").to_owned(), is_error: false }
            }
            Some("--") => Self::Run(Flags { command: args[1..].to_vec(), ..Flags::default() }),
            _ => Self::Run(Flags { command: args.to_vec(), ..Flags::default() }),
        }
    }
}

/// The whole command line: for help, the manual page and completions.
#[must_use]
pub fn whole() -> Command {
    Command::new("pystart")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Finds the Python web app of a container and starts it the right way")
        .override_usage("pystart [COMMAND...]\n       pystart <run|explain|check|build|env|health> [OPTIONS]")
        .after_help(
            "Words that are no subcommand are the start-up command of the site, options included: \
             `pystart gunicorn app:app`, `pystart --workers 4 hello:myapp`.",
        )
        .disable_help_subcommand(true)
        .subcommands([run(), explain(), check(), build(), env(), health()])
}

fn run() -> Command {
    starting("run", "Start the site: the custom command, else Django, Flask, any other web app, the default site")
}

fn explain() -> Command {
    starting("explain", "Say what `run` would do and why; starts nothing").arg(json())
}

fn check() -> Command {
    let limit =
        option("time-limit", "SECONDS", "How long loading the app may take [env: PYSTART_CHECK_TIMEOUT] [default: 60]");
    starting("check", "Prove that the site would start: load the app as gunicorn does; binds no port")
        .args([json(), limit])
}

fn build() -> Command {
    let about = "Make or refresh the virtual environment `antenv` from requirements.txt, pyproject.toml or setup.py";
    subcommand("build", about).arg(app_root())
}

fn env() -> Command {
    starting("env", "Print the app's environment for a shell: eval \"$(pystart env)\"").arg(json())
}

fn health() -> Command {
    subcommand("health", "Ask the site for a page; status 0 if it answers with less than 500").args([
        port(),
        option("path", "PATH", "What to ask for [env: PYSTART_HEALTH_PATH] [default: /]"),
        option("time-limit", "SECONDS", "For the whole answer [env: PYSTART_HEALTH_TIMEOUT] [default: 5]"),
    ])
}

fn subcommand(name: &'static str, about: &'static str) -> Command {
    Command::new(name).bin_name(format!("pystart {name}")).about(about)
}

fn app_root() -> Arg {
    option("app-root", "DIR", "The folder of the app [env: PYSTART_APP_ROOT, HOME_SITE] [default: /home/site/wwwroot]")
        .value_parser(value_parser!(PathBuf))
}

fn port() -> Arg {
    option("port", "N", "The port to listen on [env: PORT] [default: 8000]")
}

/// A subcommand that takes what `run` takes.
fn starting(name: &'static str, about: &'static str) -> Command {
    subcommand(name, about).args([
        app_root(),
        port(),
        switch("strict", "An error in the custom command ends the start [env: PYSTART_STRICT]"),
        option(
            "init",
            "WHEN",
            "Stay as PID 1: always, never, or auto: for all but gunicorn [env: PYSTART_INIT] [default: auto]",
        ),
        option("grace", "SECONDS", "How long leftover processes may take to stop [env: PYSTART_GRACE] [default: 9]"),
        switch("build", "Make or refresh the virtual environment first [env: PYSTART_BUILD]"),
        Arg::new("command")
            .value_name("COMMAND")
            .help("The start-up command: words, one string, or a file of the app root [env: PYSTART_COMMAND]")
            .num_args(0..)
            .trailing_var_arg(true)
            .value_parser(value_parser!(OsString)),
    ])
}

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).value_parser(value_parser!(OsString))
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn json() -> Arg {
    switch("json", "Print JSON for machines")
}

fn with_matches(command: Command, args: &[OsString], then: impl FnOnce(&ArgMatches) -> Call) -> Call {
    let name = command.get_bin_name().map(OsStr::new).map(OsStr::to_owned).unwrap_or_default();
    match command.try_get_matches_from(std::iter::once(&name).chain(&args[1..])) {
        Ok(matches) => then(&matches),
        Err(error) => Call::Answer { text: error.render().to_string(), is_error: error.use_stderr() },
    }
}

fn flags(matches: &ArgMatches) -> Flags {
    let is_set = |name: &str| matches.try_get_one(name).ok().flatten().copied().unwrap_or(false);
    Flags {
        app_root: matches.get_one::<PathBuf>("app-root").cloned(),
        port: value(matches, "port"),
        strict: is_set("strict"),
        init: value(matches, "init"),
        grace: value(matches, "grace"),
        build: is_set("build"),
        command: matches.try_get_many("command").ok().flatten().into_iter().flatten().cloned().collect(),
    }
}

fn report(matches: &ArgMatches) -> Reporting {
    Reporting { flags: flags(matches), json: matches.get_flag("json"), limit: value(matches, "time-limit") }
}

fn health_flags(matches: &ArgMatches) -> HealthFlags {
    let value = |name| value(matches, name);
    HealthFlags { port: value("port"), path: value("path"), limit: value("time-limit") }
}

/// The value of an option; `None` too where the subcommand has no such option.
fn value(matches: &ArgMatches, name: &str) -> Option<OsString> {
    matches.try_get_one(name).ok().flatten().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Call {
        Call::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn command(words: &[&str]) -> Flags {
        Flags { command: words.iter().map(OsString::from).collect(), ..Flags::default() }
    }

    #[test]
    fn the_definition_is_sound() {
        whole().debug_assert();
    }

    #[test]
    fn words_that_are_no_subcommand_are_the_command_options_included() {
        for words in [
            &["gunicorn", "-w", "2", "app:app"][..],
            &["--workers", "4", "hello:myapp"],
            &["-h"],
            &["--strict"],
            &["startup.sh"],
            &["Run"],
        ] {
            assert_eq!(parse(words), Call::Run(command(words)), "{words:?}");
        }
        assert_eq!(parse(&[]), Call::Run(Flags::default()));
    }

    #[test]
    fn a_subcommands_name_behind_run_is_a_program() {
        assert_eq!(parse(&["run", "--", "explain"]), Call::Run(command(&["explain"])));
        assert_eq!(parse(&["--", "explain"]), Call::Run(command(&["explain"])));
        assert_eq!(parse(&["run", "explain", "--json"]), Call::Run(command(&["explain", "--json"])));
    }

    #[test]
    fn a_run_without_options_is_what_clap_makes_of_it() {
        for words in [&["run"][..], &["run", ""], &["run", "prog", "--port", "1", "--", "x"], &["run", "explain"]] {
            let args: Vec<_> = words.iter().map(OsString::from).collect();
            let by_clap = with_matches(run(), &args, |matches| Call::Run(flags(matches)));
            assert_eq!(parse(words), by_clap, "{words:?}");
        }
    }

    #[test]
    fn options_of_the_command_are_not_ours() {
        let Call::Run(flags) =
            parse(&["run", "--app-root", "/a", "--strict", "prog", "--strict", "--port", "1", "--", "x"])
        else {
            panic!("not a run");
        };
        assert_eq!(flags.app_root, Some("/a".into()));
        assert!(flags.strict && flags.port.is_none());
        assert_eq!(flags.command, ["prog", "--strict", "--port", "1", "--", "x"]);
    }

    #[test]
    fn a_typo_in_an_option_is_a_usage_error_with_a_suggestion() {
        let Call::Answer { text, is_error: true } = parse(&["run", "--app-rot", "/a"]) else { panic!("accepted") };
        assert!(text.contains("--app-root"), "{text}");
    }

    #[test]
    fn help_and_version_are_answers() {
        for words in
            [&["--help"][..], &["--version"], &["run", "--help"], &["explain", "--help"], &["health", "--help"]]
        {
            assert!(matches!(parse(words), Call::Answer { is_error: false, .. }), "{words:?}");
        }
    }
}
