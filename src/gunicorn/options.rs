//! What the user has set for gunicorn, and where: `GUNICORN_CMD_ARGS`, then the configuration file.
//!
//! gunicorn's own order is command line, `GUNICORN_CMD_ARGS`, configuration file, defaults. pystart's values stand on
//! the command line, so one that the user has set elsewhere must be left out there or it would win.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::files::Files;
use crate::python::source;
use crate::shell::words;

/// The settings that pystart has an opinion on: gunicorn's name, its long option, its short one.
const KNOWN: [(&str, &str, Option<u8>); 9] = [
    ("bind", "--bind", Some(b'b')),
    ("chdir", "--chdir", None),
    ("config", "--config", Some(b'c')),
    ("control_socket", "--control-socket", None),
    ("control_socket_disable", "--no-control-socket", None),
    ("timeout", "--timeout", Some(b't')),
    ("worker_class", "--worker-class", Some(b'k')),
    ("worker_tmp_dir", "--worker-tmp-dir", None),
    ("workers", "--workers", Some(b'w')),
];

/// The file that gunicorn reads unasked, from the folder it is started in.
pub const CONFIG_FILE: &str = "gunicorn.conf.py";

/// The user's settings: which, and where each was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserOptions {
    places: BTreeMap<&'static str, &'static str>,
    config: Option<OsString>,
    /// There is a configuration file, read unasked or named.
    pub has_config: bool,
    /// `wsgi_app` of the configuration file, when it is written out.
    pub wsgi_app: Option<String>,
    /// The folder that the user changes to, when it is written out.
    pub chdir: Option<OsString>,
    /// The class of worker that the user names.
    pub worker_class: Option<String>,
    /// `GUNICORN_CMD_ARGS` cannot be split into words; gunicorn will stop with a `ValueError`.
    pub cannot_be_split: bool,
}

impl UserOptions {
    /// Gathers them for a gunicorn that is started in the app root, with these arguments of the custom command.
    #[must_use]
    pub fn gather(files: &dyn Files, root: &Path, arguments: &[OsString], cmd_args: Option<&OsStr>) -> Self {
        let mut options = Self::default();
        options.add_arguments(arguments, "the custom command");
        let line = words::split(cmd_args.unwrap_or_default());
        options.cannot_be_split = line.is_err();
        options.add_arguments(&line.unwrap_or_default().words, "GUNICORN_CMD_ARGS");
        let has_default = || files.folder(root).is_ok_and(|folder| folder.has(CONFIG_FILE));
        let config = match options.config.as_deref().map(OsStr::as_bytes) {
            // A module is looked up by Python itself, on a path that only Python knows.
            Some(module) if module.starts_with(b"python:") => None,
            Some(file) => Some(root.join(OsStr::from_bytes(file.strip_prefix(b"file:").unwrap_or(file)))),
            None => has_default().then(|| root.join(CONFIG_FILE)),
        };
        options.has_config = options.config.is_some() || config.is_some();
        if let Some(content) = config.and_then(|path| files.read(&path).ok()) {
            options.add_config(&source::read(&content));
        }
        options
    }

    /// Adds what is set on a command line of gunicorn. An earlier place keeps its word; in one place the last counts.
    fn add_arguments(&mut self, arguments: &[OsString], place: &'static str) {
        let (mut config, mut worker_class, mut chdir) = (None, None, None);
        let mut arguments = arguments.iter().map(|word| word.as_bytes());
        while let Some(argument) = arguments.next() {
            for (name, long, short) in KNOWN {
                let value = match (argument.strip_prefix(long.as_bytes()), short) {
                    (Some([]), _) => None,
                    (Some([b'=', value @ ..]), _) => Some(value),
                    (_, Some(short)) if argument.starts_with(&[b'-', short]) => {
                        Some(&argument[2..]).filter(|value| !value.is_empty())
                    }
                    _ => continue,
                };
                self.places.entry(name).or_insert(place);
                let takes_value = name != "control_socket_disable";
                let value = if takes_value { value.or_else(|| arguments.next()) } else { None };
                let value = value.map(|value| OsStr::from_bytes(value).to_owned());
                match name {
                    "config" => config = value,
                    "worker_class" => worker_class = value.and_then(|value| value.into_string().ok()),
                    "chdir" => chdir = value,
                    _ => {}
                }
                break;
            }
        }
        self.config = self.config.take().or(config);
        self.worker_class = self.worker_class.take().or(worker_class);
        self.chdir = self.chdir.take().or(chdir);
    }

    fn add_config(&mut self, config: &source::Module) {
        for (name, _, _) in KNOWN {
            if config.binds(name) {
                self.places.entry(name).or_insert(CONFIG_FILE);
            }
        }
        self.wsgi_app = config.string("wsgi_app").map(str::to_owned);
        if self.worker_class.is_none() {
            self.worker_class = config.string("worker_class").map(str::to_owned);
        }
        if self.chdir.is_none() {
            self.chdir = config.string("chdir").map(OsString::from);
        }
    }

    /// Where the user has set this, if anywhere.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&'static str> {
        self.places.get(name).copied()
    }

    /// Has the user set this?
    #[must_use]
    pub fn sets(&self, name: &str) -> bool {
        self.places.contains_key(name)
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
        for cmd_args in ["", "--binding x", "--backlog 5", "--workers -b", "-w -b"] {
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
    fn another_configuration_file_is_read_in_place_of_the_usual_one() {
        let files = Memory::new([("/site/gunicorn.conf.py", "timeout = 1"), ("/site/conf/g.py", "workers = 3")]);
        for cmd_args in ["-c conf/g.py", "--config=file:conf/g.py", "-cconf/g.py"] {
            let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new(cmd_args)));
            assert!(options.sets("workers") && !options.sets("timeout"), "{cmd_args}");
        }
        let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new("-c python:conf.g")));
        assert!(!options.sets("workers") && !options.sets("timeout"));
        assert!(options.has_config, "a module cannot be read here, but it is there");
    }

    #[test]
    fn the_command_line_counts_before_the_variable_and_the_last_of_one_place() {
        let files =
            Memory::new([("/site/a.py", "timeout = 1\nworker_class = 'c'\nchdir = 'd'"), ("/site/b.py", "bind = ''")]);
        let gather = |line: &str, cmd_args: &str| {
            let words = words::split(OsStr::new(line)).unwrap().words;
            UserOptions::gather(&files, Path::new("/site"), &words, Some(OsStr::new(cmd_args)))
        };
        let options = gather("-k x -k y --chdir p --chdir q -c b.py -c a.py", "-k z --chdir r -c b.py");
        assert_eq!((options.worker_class.as_deref(), options.chdir.as_deref()), (Some("y"), Some(OsStr::new("q"))));
        assert_eq!(options.place("worker_class"), Some("the custom command"));
        assert!(options.sets("timeout") && !options.sets("bind"));
        let options = gather("", "-c a.py");
        assert_eq!((options.worker_class.as_deref(), options.chdir.as_deref()), (Some("c"), Some(OsStr::new("d"))));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_reported() {
        assert!(gather("--bind 'x", None).cannot_be_split);
    }
}
