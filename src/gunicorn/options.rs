//! What the user has set for gunicorn, and where: `GUNICORN_CMD_ARGS`, then the configuration file.
//!
//! gunicorn's own order is command line, `GUNICORN_CMD_ARGS`, configuration file, defaults. pystart's values stand on
//! the command line, so one that the user has set elsewhere must be left out there or it would win.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

use serde::Serialize;

use super::command_line::{self, SETTINGS};
use super::configuration::Configuration;
use super::shlex;
use crate::files::Files;
use crate::printable::printable;

/// The file that gunicorn reads unasked, from the folder it is started in.
pub const CONFIG_FILE: &str = "gunicorn.conf.py";

/// An option that gunicorn gets. Without the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectiveOption {
    /// gunicorn's name of it: `timeout`.
    pub name: &'static str,
    /// Where it was set: `pystart`, `the custom command`, `GUNICORN_CMD_ARGS`, or the configuration by its name.
    pub from: Cow<'static, str>,
}

/// The user's settings: which, and where each was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserOptions {
    places: BTreeMap<&'static str, Cow<'static, str>>,
    config: Option<OsString>,
    /// The configuration file, read unasked or named: as it is shown.
    pub configuration: Option<String>,
    /// `wsgi_app` of the configuration file, when it is written out.
    pub wsgi_app: Option<String>,
    /// The folder that the user changes to, when it is written out.
    pub chdir: Option<OsString>,
    /// The class of worker that the user names.
    pub worker_class: Option<String>,
    /// The configuration may set more than its text tells.
    is_uncertain: bool,
    /// `GUNICORN_CMD_ARGS` cannot be split into words; gunicorn will stop with a `ValueError`.
    pub cannot_be_split: bool,
}

impl UserOptions {
    /// Gathers them for a gunicorn that is started in the app root, with these arguments of the custom command.
    #[must_use]
    pub fn gather(files: &dyn Files, root: &Path, arguments: &[OsString], cmd_args: Option<&OsStr>) -> Self {
        let mut options = Self::default();
        options.add_arguments(arguments, "the custom command");
        let words = shlex::split(cmd_args.unwrap_or_default());
        options.cannot_be_split = words.is_none();
        options.add_arguments(&words.unwrap_or_default(), "GUNICORN_CMD_ARGS");
        let has_default = || files.folder(root).is_ok_and(|folder| folder.has(CONFIG_FILE));
        let location = options.config.clone().or_else(|| has_default().then(|| CONFIG_FILE.into()));
        if let Some(location) = location {
            let name = printable(&location.to_string_lossy()).into_owned();
            options.add_configuration(&Configuration::read(files, root, &location), &name);
            options.configuration = Some(name);
        }
        options
    }

    /// Adds what is set on a command line of gunicorn. An earlier place keeps its word; in one place the last counts.
    fn add_arguments(&mut self, arguments: &[OsString], place: &'static str) {
        let (mut config, mut worker_class, mut chdir) = (None, None, None);
        for given in command_line::settings(arguments) {
            self.places.entry(given.name).or_insert(place.into());
            match given.name {
                "config" => config = given.value.map(OsStr::to_owned),
                "worker_class" => worker_class = given.value.and_then(OsStr::to_str).map(str::to_owned),
                "chdir" => chdir = given.value.map(OsStr::to_owned),
                _ => {}
            }
        }
        self.config = self.config.take().or(config);
        self.worker_class = self.worker_class.take().or(worker_class);
        self.chdir = self.chdir.take().or(chdir);
    }

    fn add_configuration(&mut self, configuration: &Configuration, name: &str) {
        for setting in SETTINGS.iter().filter(|setting| configuration.sets(setting.name)) {
            self.places.entry(setting.name).or_insert_with(|| name.to_owned().into());
        }
        self.is_uncertain = configuration.is_uncertain;
        self.wsgi_app = configuration.string("wsgi_app").map(str::to_owned);
        if self.worker_class.is_none() {
            self.worker_class = configuration.string("worker_class").map(str::to_owned);
        }
        if self.chdir.is_none() {
            self.chdir = configuration.string("chdir").map(OsString::from);
        }
    }

    /// Where the user has set this, if anywhere.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&str> {
        self.places.get(name).map(AsRef::as_ref)
    }

    /// Every option that gunicorn gets, each with the place that counts, in the order of the alphabet: what stands in
    /// its words or in its variable and is not the user's is pystart's own.
    #[must_use]
    pub fn effective(&self, argv: &[OsString], cmd_args: Option<&OsStr>) -> Vec<EffectiveOption> {
        let is_gunicorn = |word: &OsString| Path::new(word).file_name().is_some_and(|name| name == "gunicorn");
        let arguments = argv.iter().position(is_gunicorn).map_or(&[][..], |at| &argv[at + 1..]);
        let variable = shlex::split(cmd_args.unwrap_or_default()).unwrap_or_default();
        let given = [arguments, &variable].into_iter().flat_map(command_line::settings).map(|given| given.name);
        let names: BTreeSet<_> = given.chain(self.places.keys().copied()).collect();
        let from = |name| self.places.get(name).cloned().unwrap_or("pystart".into());
        names.into_iter().map(|name| EffectiveOption { name, from: from(name) }).collect()
    }

    /// The app that the configuration names, and how that is called.
    #[must_use]
    pub fn configured_app(&self) -> Option<(&str, &str)> {
        self.wsgi_app.as_deref().zip(self.configuration.as_deref())
    }

    /// Has the user set this?
    #[must_use]
    pub fn sets(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Has the user set this, or may a configuration that cannot be read for certain do so?
    #[must_use]
    pub fn may_set(&self, name: &str) -> bool {
        self.is_uncertain || self.sets(name)
    }

    /// Is this left to a configuration that may or may not set it?
    #[must_use]
    pub fn leaves_open(&self, name: &str) -> bool {
        self.is_uncertain && !self.sets(name)
    }

    /// Is the address left so? Then gunicorn must find the port in `PORT`, which its own default is made from.
    #[must_use]
    pub fn leaves_bind_open(&self) -> bool {
        self.leaves_open("bind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn gather(cmd_args: &str, config: Option<&str>) -> UserOptions {
        let files = Memory::default().empty("/site");
        let files = match config {
            Some(text) => files.file("/site/gunicorn.conf.py", text),
            None => files,
        };
        UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new(cmd_args)))
    }

    #[test]
    fn every_spelling_of_an_option_is_seen() {
        for cmd_args in ["--bind=x", "--bind x", "-b x", "-bx", "--workers 2 -b 'a b'", "-c f.py --bind \"x\""] {
            assert_eq!(gather(cmd_args, None).place("bind"), Some("GUNICORN_CMD_ARGS"), "{cmd_args}");
        }
        for cmd_args in ["", "--binding x", "--backlog 5", "--workers 2 b"] {
            assert!(!gather(cmd_args, None).sets("bind"), "{cmd_args}");
        }
        assert!(gather("--no-control-socket -t 5", None).sets("timeout"), "a switch takes no value");
    }

    #[test]
    fn the_configuration_file_counts_below_the_variable() {
        let options = gather("--timeout 5", Some("timeout = 9\nbind = f()\nwsgi_app = 'x:y'\nchdir = 'sub'\n"));
        assert_eq!(options.place("timeout"), Some("GUNICORN_CMD_ARGS"));
        assert_eq!(options.place("bind"), Some("gunicorn.conf.py"));
        assert_eq!(options.wsgi_app.as_deref(), Some("x:y"));
        assert_eq!(options.chdir, Some("sub".into()));
        assert!(!gather("", Some("def bind(): pass\n# timeout = 3\n")).sets("timeout"));
    }

    #[test]
    fn every_option_that_counts_has_its_place() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let options = gather("-t 30 --threads 4", Some("workers = 3\ntimeout = 5\n"));
        let argv = words("/bin/python -m gunicorn --bind=0.0.0.0 app:app");
        let found = options.effective(&argv, Some(OsStr::new("--worker-tmp-dir /dev/shm -t 30 --threads 4")));
        let found: Vec<_> = found.iter().map(|option| (option.name, option.from.as_ref())).collect();
        let (own, variable) = ("pystart", "GUNICORN_CMD_ARGS");
        assert_eq!(
            found,
            [
                ("bind", own),
                ("threads", variable),
                ("timeout", variable),
                ("worker_tmp_dir", own),
                ("workers", "gunicorn.conf.py")
            ]
        );
        assert!(options.effective(&words("sh -c x"), None).iter().all(|option| option.from != own));
    }

    #[test]
    fn another_configuration_file_is_read_in_place_of_the_usual_one() {
        let files = Memory::new([("/site/gunicorn.conf.py", "timeout = 1"), ("/site/conf/g.py", "workers = 3")]);
        for cmd_args in ["-c conf/g.py", "--config=file:conf/g.py", "-cconf/g.py"] {
            let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new(cmd_args)));
            assert!(options.sets("workers") && !options.sets("timeout"), "{cmd_args}");
        }
        let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new("-c python:conf.g")));
        assert!(options.sets("workers") && !options.may_set("timeout"));
        let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new("-c python:elsewhere")));
        assert!(!options.sets("timeout") && options.may_set("timeout") && options.leaves_bind_open());
        assert!(options.configuration.is_some(), "the module cannot be read here, but it is there");
    }

    #[test]
    fn the_command_line_counts_before_the_variable_and_the_last_of_one_place() {
        let files =
            Memory::new([("/site/a.py", "timeout = 1\nworker_class = 'c'\nchdir = 'd'"), ("/site/b.py", "bind = ''")]);
        let gather = |line: &str, cmd_args: &str| {
            let words = shlex::split(OsStr::new(line)).unwrap();
            UserOptions::gather(&files, Path::new("/site"), &words, Some(OsStr::new(cmd_args)))
        };
        let options = gather("-k x -k y --chdir p --chdir q -c b.py -c a.py", "-k z --chdir r -c b.py");
        assert_eq!((options.worker_class.as_deref(), options.chdir.as_deref()), (Some("y"), Some(OsStr::new("q"))));
        assert_eq!(options.place("worker_class"), Some("the custom command"));
        assert!(options.sets("timeout") && !options.sets("bind"));
        let options = gather("", "-c a.py");
        assert_eq!(options.place("timeout"), Some("a.py"));
        assert_eq!((options.worker_class.as_deref(), options.chdir.as_deref()), (Some("c"), Some(OsStr::new("d"))));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_reported() {
        assert!(gather("--bind 'x", None).cannot_be_split);
    }
}
