//! From a decision to what `check` has to prove about it. Pure but for the files that the decision has read already.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Subject, Target};
use crate::decide::Decision;
use crate::files::Files;
use crate::gunicorn;
use crate::model::Launch;
use crate::model::Step;
use crate::settings::Settings;

impl Subject {
    /// What has to hold for this decision to serve the user's site.
    #[must_use]
    pub fn of(decision: &Decision, settings: &Settings, files: &dyn Files, limit: Duration, site_runs: bool) -> Self {
        let root = &settings.app_root;
        let (target, environ, folder) = match &decision.outcome {
            _ if decision.step == Step::DefaultSite => (Target::DefaultSite, settings.environ.clone(), root.clone()),
            Err(failure) => (Target::Impossible(failure.clone()), settings.environ.clone(), root.clone()),
            Ok(launch) => {
                let folder = launch.directory.clone();
                (target(launch, decision, files), launch.environ.clone(), folder)
            }
        };
        let environment = decision.python.environment.as_ref().map(|environment| environment.folder.clone());
        Self { target, environ, folder, app_root: root.clone(), environment, limit, site_runs }
    }
}

fn target(launch: &Launch, decision: &Decision, files: &dyn Files) -> Target {
    let Launch { program, argv, .. } = launch;
    let interpreter = |script: &Path| {
        let named = gunicorn::script_interpreter(files, script).filter(|path| is_python(path));
        named.or_else(|| Some(decision.python.interpreter()?.path.clone()))
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
        return Target::Gunicorn { python, arguments: arguments.to_vec() };
    }
    let script = launch.is_shell.then(|| script_of(argv, files)).flatten();
    match script {
        Some(text) => Target::Script { shell: program.clone(), text },
        None => Target::Program { name: argv.first().cloned().unwrap_or_default(), path: program.clone() },
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
    use crate::environ::Environ;
    use crate::files::Memory;
    use crate::settings::{Flags, table};

    fn target_of(files: &Memory, words: &[&str]) -> Target {
        let environ: Environ = [("PATH", "/bin"), ("HOME_SITE", "/site")].into_iter().collect();
        let flags = Flags::of_command(words).with(&table::STRICT.row, "1");
        let settings = Settings::new(flags, &environ, Path::new("/")).unwrap();
        Subject::of(&decide(&settings, files), &settings, files, Duration::from_secs(1), false).target
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
        let gunicorn = |python: &str, words: &[&str]| Target::Gunicorn {
            python: python.into(),
            arguments: words.iter().map(Into::into).collect(),
        };
        let files = image();
        assert_eq!(target_of(&files, &["gunicorn", "x:y"]), gunicorn("/opt/bin/python3.12", &["x:y"]));
        assert_eq!(target_of(&files, &["python3", "-m", "gunicorn", "x:y"]), gunicorn("/bin/python3", &["x:y"]));
        let wrapped = image().program("/bin/gunicorn", "#!/bin/sh\n");
        assert_eq!(target_of(&wrapped, &["gunicorn", "x:y"]), gunicorn("/bin/python3", &["x:y"]));
        let other = target_of(&files, &["python3", "-m", "http.server"]);
        assert_eq!(other, Target::Program { name: "python3".into(), path: "/bin/python3".into() });
    }

    #[test]
    fn a_script_is_the_text_that_the_shell_reads() {
        let script = |text: &str| Target::Script { shell: "/bin/sh".into(), text: text.into() };
        assert_eq!(target_of(&image(), &["a && b"]), script("a && b"));
        assert_eq!(target_of(&image(), &["start.sh", "-c", "x"]), script("echo the script\n"));
        assert_eq!(target_of(&image(), &["sh", "-e", "-c", "x"]), script("x"));
    }

    #[test]
    fn nothing_to_prove_is_told_apart_from_what_cannot_start() {
        assert_eq!(target_of(&image(), &[]), Target::DefaultSite);
        assert_eq!(target_of(&Memory::default().empty("/site"), &[]), Target::DefaultSite);
        assert!(matches!(target_of(&image(), &["nothing"]), Target::Impossible(failure) if failure.status == 127));
    }
}
