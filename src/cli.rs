//! What may be typed. Nothing is computed here but the words themselves.
//!
//! The grammar of the top level is not one that clap knows: a first word that is no subcommand begins the custom
//! command, even when it looks like an option. So the first word is looked at here. Behind a subcommand the plainest
//! arguments are read here, too, since setting clap up for them would cost more than the decision; clap gets the rest,
//! with every message.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};

use crate::settings::Flags;
use crate::settings::table::TABLE;
use crate::settings::{Row, Usage};

/// A call, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Start the site.
    Run(Flags),
    /// Say what `run` would do.
    Explain(Flags),
    /// Prove that the site would start.
    Check(Flags),
    /// Make or refresh the virtual environment.
    Build(Flags),
    /// Print the app's environment.
    Env(Flags),
    /// Ask the site.
    Health(Flags),
    /// Help, the version, or a usage error: clap's own text and status.
    Answer {
        /// What to print.
        text: String,
        /// Whether it is an error: then it goes to standard error, with status 2.
        is_error: bool,
    },
}

/// A subcommand.
struct Subcommand {
    name: &'static str,
    about: &'static str,
    call: fn(Flags) -> Call,
}

const SUBCOMMANDS: [Subcommand; 6] = [
    Subcommand {
        name: "run",
        about: "Start the site: the custom command, else Django, Flask, any other web app, the default site",
        call: Call::Run,
    },
    Subcommand { name: "explain", about: "Say what `run` would do and why; starts nothing", call: Call::Explain },
    Subcommand {
        name: "check",
        about: "Prove that the site would start: load the app as gunicorn does; binds no port",
        call: Call::Check,
    },
    Subcommand {
        name: "build",
        about: "Make or refresh the virtual environment `antenv` from a lock file, a requirements file or a project",
        call: Call::Build,
    },
    Subcommand {
        name: "env",
        about: "Print the app's environment for a shell: eval \"$(pystart env)\"",
        call: Call::Env,
    },
    Subcommand {
        name: "health",
        about: "Ask the site for a page; status 0 if it answers with less than 500",
        call: Call::Health,
    },
];

/// The subcommand that a word was most likely meant to be: a slip of the fingers away, two in a long one.
#[must_use]
pub fn similar_subcommand(word: &OsStr) -> Option<&'static str> {
    let word = word.to_str()?;
    let slips = |name: &str| strsim::osa_distance(word, name);
    let nearest = SUBCOMMANDS.iter().map(|subcommand| subcommand.name).min_by_key(|name| slips(name))?;
    (slips(nearest) <= if nearest.len() > 4 { 2 } else { 1 }).then_some(nearest)
}

impl Call {
    /// Takes the arguments apart, the program's name left out.
    #[must_use]
    pub fn parse(args: &[OsString]) -> Self {
        let Some(first) = args.first() else { return Self::Run(Flags::default()) };
        match first.to_str() {
            Some("--help") => Self::Answer { text: whole().render_long_help().to_string(), is_error: false },
            Some("--version") => {
                Self::Answer { text: concat!("pystart ", env!("MADE_FROM"), "\n").to_owned(), is_error: false }
            }
            Some("--") => Self::Run(Flags::of_command(&args[1..])),
            name => match SUBCOMMANDS.iter().find(|subcommand| Some(subcommand.name) == name) {
                Some(subcommand) => subcommand.parse(&args[1..]),
                None => Self::Run(Flags::of_command(args)),
            },
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
        .subcommands(SUBCOMMANDS.iter().map(Subcommand::definition))
}

impl Subcommand {
    /// For clap, from the table of settings.
    fn definition(&self) -> Command {
        Command::new(self.name)
            .bin_name(format!("pystart {}", self.name))
            .about(self.about)
            .args(self.rows().filter_map(argument))
    }

    /// The settings that it takes.
    fn rows(&self) -> impl Iterator<Item = &'static Row> {
        TABLE.iter().map(|setting| setting.row()).filter(|row| row.subcommands.contains(&self.name))
    }

    fn parse(&self, args: &[OsString]) -> Call {
        if let Some(flags) = self.plain_flags(args) {
            return (self.call)(flags);
        }
        self.parse_with_clap(args)
    }

    /// Arguments of the plainest forms, `--long VALUE`, `--long=VALUE`, `--switch`, then words: setting clap up for
    /// them costs more than the decision. `None` for whatever needs a second thought, or a message.
    fn plain_flags(&self, args: &[OsString]) -> Option<Flags> {
        let mut flags = Flags::default();
        let mut words = args.iter();
        while let Some(word) = words.as_slice().first() {
            if !word.as_bytes().starts_with(b"-") {
                break;
            }
            words.next();
            let (long, inline) = match word.to_str()?.strip_prefix("--")?.split_once('=') {
                Some((long, value)) => (long, Some(OsString::from(value))),
                None => (word.to_str()?.strip_prefix("--")?, None),
            };
            if long.is_empty() {
                break;
            }
            let row = self.rows().find(|row| row.usage.long() == Some(long)).filter(|row| !flags.has(row))?;
            let value = match (row.usage, inline) {
                (Usage::Option { .. }, Some(value)) => value,
                (Usage::Option { .. }, None) => {
                    words.next().filter(|value| !value.as_bytes().starts_with(b"-"))?.clone()
                }
                (Usage::Switch { .. }, None) => "1".into(),
                _ => return None,
            };
            flags = flags.with(row, value);
        }
        let takes_words = self.rows().any(|row| matches!(row.usage, Usage::Words { .. }));
        (takes_words || words.as_slice().is_empty()).then(|| flags.with_command(words))
    }

    fn parse_with_clap(&self, args: &[OsString]) -> Call {
        let name = OsStr::new(self.name).to_owned();
        match self.definition().try_get_matches_from(std::iter::once(&name).chain(args)) {
            Ok(matches) => (self.call)(self.flags(&matches)),
            Err(error) => Call::Answer { text: error.render().to_string(), is_error: error.use_stderr() },
        }
    }

    fn flags(&self, matches: &ArgMatches) -> Flags {
        self.rows().fold(Flags::default(), |flags, row| match row.usage {
            Usage::Option { long, .. } => match matches.get_one::<OsString>(long) {
                Some(value) => flags.with(row, value),
                None => flags,
            },
            Usage::Switch { long } if matches.get_flag(long) => flags.with(row, "1"),
            Usage::Words { value } => flags.with_command(matches.get_many::<OsString>(value).into_iter().flatten()),
            Usage::Switch { .. } | Usage::Variable => flags,
        })
    }
}

/// A row of the table as clap wants it.
fn argument(row: &'static Row) -> Option<Arg> {
    let variables =
        if row.variables.is_empty() { String::new() } else { format!(" [env: {}]", row.variables.join(", ")) };
    let default = row.default.map(|default| format!(" [default: {}]", default())).unwrap_or_default();
    let argument = match row.usage {
        Usage::Option { long, short, value } => {
            // A value may be negative, so that the message is about the value and not about an unknown option.
            let argument = Arg::new(long).long(long).value_name(value).allow_negative_numbers(true);
            let hint = if value == "DIR" { ValueHint::DirPath } else { ValueHint::Unknown };
            short.into_iter().fold(argument, Arg::short).value_parser(value_parser!(OsString)).value_hint(hint)
        }
        Usage::Switch { long } => Arg::new(long).long(long).action(ArgAction::SetTrue),
        Usage::Words { value } => {
            Arg::new(value).value_name(value).num_args(0..).trailing_var_arg(true).value_parser(value_parser!(OsString))
        }
        Usage::Variable => return None,
    };
    Some(argument.help([row.help, &variables, &default].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table;

    fn parse(words: &[&str]) -> Call {
        Call::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn command(words: &[&str]) -> Flags {
        Flags::of_command(words)
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
    fn plain_arguments_are_what_clap_makes_of_them() {
        let rows: [(&str, &[&str]); 18] = [
            ("run", &[]),
            ("run", &[""]),
            ("run", &["prog", "--port", "1", "--", "x"]),
            ("run", &["explain"]),
            ("run", &["--port", "1", "--app-root=/a b", "--strict", "prog", "--strict"]),
            ("run", &["--port=1", "--", "--port", "2"]),
            ("run", &["--app-root", ""]),
            ("run", &["--app-root="]),
            ("run", &["--build", "--", "--", "x"]),
            ("run", &["--build", "-x"]),
            ("run", &["--build=1"]),
            ("run", &["--port"]),
            ("run", &["--port", "1", "--port", "2"]),
            ("run", &["--port", "--strict"]),
            ("run", &["--grace", "-1"]),
            ("explain", &["--json", "a", "--json"]),
            ("health", &["--port", "1"]),
            ("health", &["word"]),
        ];
        for (name, words) in rows {
            let args: Vec<_> = words.iter().map(OsString::from).collect();
            let subcommand = SUBCOMMANDS.iter().find(|subcommand| subcommand.name == name).unwrap();
            assert_eq!(subcommand.parse(&args), subcommand.parse_with_clap(&args), "{name} {words:?}");
        }
    }

    #[test]
    fn a_mistyped_subcommand_is_recognised_and_no_other_word_is_taken_for_one() {
        for (word, meant) in [
            ("explian", Some("explain")),
            ("explin", Some("explain")),
            ("Explain", Some("explain")),
            ("chekc", Some("check")),
            ("chk", Some("check")),
            ("bulid", Some("build")),
            ("heath", Some("health")),
            ("rnu", Some("run")),
            ("evn", Some("env")),
            ("gunicorn", None),
            ("start", None),
            ("sh", None),
            ("bash", None),
            ("help", None),
            ("e", None),
            ("", None),
        ] {
            assert_eq!(similar_subcommand(OsStr::new(word)), meant, "{word}");
        }
    }

    #[test]
    fn options_of_the_command_are_not_ours() {
        let words = ["prog", "--strict", "--port", "1", "--", "x"];
        let expected = command(&words).with(&table::APP_ROOT.row, "/a").with(&table::STRICT.row, "1");
        for root in ["--app-root", "-C"] {
            let line: Vec<_> = ["run", root, "/a", "--strict"].into_iter().chain(words).collect();
            assert_eq!(parse(&line), Call::Run(expected.clone()), "{root}");
        }
    }

    #[test]
    fn a_typo_in_an_option_is_a_usage_error_with_a_suggestion() {
        let Call::Answer { text, is_error: true } = parse(&["run", "--app-rot", "/a"]) else { panic!("accepted") };
        assert!(text.contains("--app-root"), "{text}");
    }

    #[test]
    fn a_negative_value_is_a_value() {
        let expected = Flags::default().with(&table::GRACE.row, "-1");
        assert_eq!(parse(&["run", "--grace", "-1"]), Call::Run(expected));
    }

    #[test]
    fn the_help_tells_the_defaults_of_the_constants() {
        for (subcommand, default) in [
            ("run", format!("HOME_SITE] [default: {}]", table::DEFAULT_APP_ROOT)),
            ("run", format!("[env: PORT] [default: {}]", table::DEFAULT_PORT)),
            ("run", format!("PYSTART_GRACE] [default: {}, ", table::DEFAULT_GRACE.as_secs())),
            ("run", format!("on App Service {}]", table::DEFAULT_GRACE_ON_PLATFORM.as_secs())),
            ("check", format!("PYSTART_CHECK_TIMEOUT] [default: {}]", table::DEFAULT_CHECK_LIMIT.as_secs())),
            ("health", format!("WEBSITE_WARMUP_PATH] [default: {}]", table::DEFAULT_HEALTH_PATH)),
            ("health", format!("PYSTART_HEALTH_TIMEOUT] [default: {}]", table::DEFAULT_HEALTH_LIMIT.as_secs())),
        ] {
            let Call::Answer { text, .. } = parse(&[subcommand, "--help"]) else { panic!("{subcommand}") };
            assert!(text.contains(&default), "{default} is missing in\n{text}");
        }
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
