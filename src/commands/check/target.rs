//! From a decision to what `check` has to prove about it. Pure but for the files that the decision has read already.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::site::Site;
use crate::decide::Decision;
use crate::environ::Environ;
use crate::error::Failure;
use crate::files::Files;
use crate::gunicorn;
use crate::model::{Launch, Notice};
use crate::settings::Settings;

/// What is to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What `run` would start.
    pub start: Start,
    /// The environment it would get.
    pub environ: Environ,
    /// The directory it would be started in.
    pub folder: PathBuf,
    /// The app root.
    pub app_root: PathBuf,
    /// The virtual environment in use.
    pub environment: Option<PathBuf>,
    /// For loading the app.
    pub limit: Duration,
    /// The site that runs already; its own listener is no obstacle.
    pub site: Option<Site>,
}

/// What `run` would start, as far as that matters for proving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// gunicorn, found or given.
    Gunicorn {
        /// The interpreter that runs it.
        python: PathBuf,
        /// The words after `gunicorn`.
        arguments: Vec<OsString>,
    },
    /// Another program.
    Program {
        /// Its name, as given.
        name: OsString,
        /// Where it is.
        path: PathBuf,
    },
    /// A script, or a command in shell syntax.
    Script {
        /// The shell.
        shell: PathBuf,
        /// The text it reads.
        text: Vec<u8>,
    },
    /// The default site, or nothing in its place: why no app of the user's was found.
    DefaultSite(Notice),
    /// Nothing: `run` would end with this.
    Impossible(Failure),
}

impl Target {
    /// What has to hold for this decision to serve the user's site.
    #[must_use]
    pub fn of(
        decision: &Decision,
        settings: &Settings,
        files: &dyn Files,
        limit: Duration,
        site: Option<Site>,
    ) -> Self {
        let root = &settings.app_root;
        let (start, environ, folder) = match (&decision.outcome, &decision.missing) {
            // Whether the default site itself would start is no answer to what was asked.
            (_, Some(missing)) => (Start::DefaultSite(missing.clone()), settings.environ.clone(), root.clone()),
            (Err(failure), None) => (Start::Impossible(failure.clone()), settings.environ.clone(), root.clone()),
            (Ok(launch), None) => {
                let folder = launch.directory.clone();
                (start_of(launch, decision, files), launch.environ.clone(), folder)
            }
        };
        let environment = decision.python.environment.as_ref().map(|environment| environment.folder.clone());
        Self { start, environ, folder, app_root: root.clone(), environment, limit, site }
    }
}

fn start_of(launch: &Launch, decision: &Decision, files: &dyn Files) -> Start {
    let Launch { program, argv, .. } = launch;
    let interpreter = |script: &Path| {
        let named = gunicorn::script_interpreter(files, script).filter(|path| is_python(path));
        named.or_else(|| Some(decision.python.interpreter.as_ref()?.path.clone()))
    };
    // However it was given: found, by its path, or as a module of an interpreter.
    let gunicorn = match argv.get(1..3) {
        Some([option, module]) if option == "-m" && module == "gunicorn" => Some((program.clone(), &argv[3..])),
        _ if program.file_name() == Some(OsStr::new("gunicorn")) => {
            interpreter(program).map(|python| (python, argv.get(1..).unwrap_or_default()))
        }
        _ => None,
    };
    if let Some((python, arguments)) = gunicorn {
        return Start::Gunicorn { python, arguments: arguments.to_vec() };
    }
    let script = launch.is_shell.then(|| script_of(argv, files)).flatten();
    match script {
        Some(text) => Start::Script { shell: program.clone(), text },
        None => Start::Program { name: argv.first().cloned().unwrap_or_default(), path: program.clone() },
    }
}

/// What a shell is to read: the text behind `-c`, else the file that its first operand names.
fn script_of(argv: &[OsString], files: &dyn Files) -> Option<Vec<u8>> {
    let mut words = argv.iter().skip(1);
    let first = words.find(|word| *word == "-c" || !word.as_bytes().starts_with(b"-"))?;
    if first == "-c" {
        return words.next().map(|text| text.clone().into_vec());
    }
    files.read(&PathBuf::from(first)).ok().map(|text| text.to_vec())
}

fn is_python(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"python"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::decide;
    use crate::files::Memory;
    use crate::settings::{Flags, table};

    fn start_for(files: &Memory, words: &[&str]) -> Start {
        let environ: Environ = [("PATH", "/bin"), ("HOME_SITE", "/site")].into_iter().collect();
        let flags = Flags::of_command(words).with(&table::STRICT.row, "1");
        let settings = Settings::new(flags, &environ, Path::new("/")).unwrap();
        Target::of(&decide(&settings, files), &settings, files, Duration::from_secs(1), None).start
    }

    fn image() -> Memory {
        Memory::default()
            .program("/bin/python3", "\x7fELF")
            .program("/bin/gunicorn", "#!/opt/bin/python3.12\n")
            .program("/opt/bin/python3.12", "\x7fELF")
            .program("/bin/sh", "\x7fELF")
            .file("/site/start.sh", "echo the script\n")
    }

    #[test]
    fn gunicorn_is_seen_in_every_form_with_the_interpreter_that_runs_it() {
        let gunicorn = |python: &str, words: &[&str]| Start::Gunicorn {
            python: python.into(),
            arguments: words.iter().map(Into::into).collect(),
        };
        let files = image();
        assert_eq!(start_for(&files, &["gunicorn", "x:y"]), gunicorn("/opt/bin/python3.12", &["x:y"]));
        assert_eq!(start_for(&files, &["python3", "-m", "gunicorn", "x:y"]), gunicorn("/bin/python3", &["x:y"]));
        let wrapped = image().program("/bin/gunicorn", "#!/bin/sh\n");
        assert_eq!(start_for(&wrapped, &["gunicorn", "x:y"]), gunicorn("/bin/python3", &["x:y"]));
        let other = start_for(&files, &["python3", "-m", "http.server"]);
        assert_eq!(other, Start::Program { name: "python3".into(), path: "/bin/python3".into() });
    }

    #[test]
    fn a_script_is_the_text_that_the_shell_reads() {
        let script = |text: &str| Start::Script { shell: "/bin/sh".into(), text: text.into() };
        assert_eq!(start_for(&image(), &["a && b"]), script("a && b"));
        assert_eq!(start_for(&image(), &["start.sh", "-c", "x"]), script("echo the script\n"));
        assert_eq!(start_for(&image(), &["sh", "-e", "-c", "x"]), script("x"));
    }

    #[test]
    fn nothing_to_prove_is_told_apart_from_what_cannot_start() {
        for files in [image(), Memory::default().empty("/site")] {
            let Start::DefaultSite(missing) = start_for(&files, &[]) else { panic!("an app was found") };
            assert!(missing.message.starts_with("no app was found in `/site`"), "{missing:?}");
        }
        assert!(matches!(start_for(&image(), &["nothing"]), Start::Impossible(failure) if failure.status == 127));
    }
}
