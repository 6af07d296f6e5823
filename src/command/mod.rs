//! The custom command: from what was given to a program with its arguments.
//!
//! Everything here may fail without harm: an error in processing is reported and start-up goes on with detection,
//! unless `--strict` says otherwise. Nothing is evaluated: what needs a shell is handed to one whole.

mod file;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::error::{Failure, status};
use crate::files::{Files, Kind};
use crate::model::Notice;
use crate::python::environment::Python;
use crate::settings::Given;
use crate::shell::shells::{self, SHELL};
use crate::shell::words;

/// What the search for a command needs to know.
pub(crate) struct Surroundings<'a> {
    /// The disk.
    pub files: &'a dyn Files,
    /// The app root: files are looked for here.
    pub root: &'a Path,
    /// The search path of the app's environment.
    pub path: &'a OsStr,
    /// The Python of the app, for Python files and for scripts whose own interpreter is gone.
    pub python: &'a Python<'a>,
    /// The platform has split one start-up command at its blanks.
    pub was_split: bool,
}

/// What kind of thing the command starts; it decides who is PID 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// gunicorn, with arguments of its own.
    Gunicorn,
    /// gunicorn's arguments alone: the usual ones go in front.
    GunicornArguments,
    /// A shell: it does not pass signals on.
    Shell,
    /// Any other program.
    Program,
}

/// A command that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Variables set in front of it.
    pub assignments: Vec<(String, OsString)>,
    /// The program; empty when gunicorn is to be found by the caller.
    pub program: PathBuf,
    /// The arguments, the program's name first; for [`Runs::GunicornArguments`] the arguments alone.
    pub argv: Vec<OsString>,
    /// What it starts.
    pub runs: Runs,
    /// How the command was understood, as the end of "the custom command, ...".
    pub reading: String,
    /// What was repaired.
    pub notices: Vec<Notice>,
}

impl Resolved {
    fn new(runs: Runs, program: impl Into<PathBuf>, argv: Vec<OsString>, reading: impl Into<String>) -> Self {
        Self {
            assignments: Vec::new(),
            program: program.into(),
            argv,
            runs,
            reading: reading.into(),
            notices: Vec::new(),
        }
    }

    /// The words go to `/bin/sh -c`; `name` is what the script knows as `$0`.
    fn shell(
        interpreter: &OsStr,
        options: &[&OsStr],
        text: OsString,
        name: &OsStr,
        reading: impl Into<String>,
    ) -> Self {
        let mut argv = vec![interpreter.to_owned()];
        argv.extend(options.iter().map(|&option| option.to_owned()));
        argv.extend(["-c".into(), text, name.to_owned()]);
        Self::new(Runs::Shell, PathBuf::from(interpreter), argv, reading)
    }
}

/// Understands a custom command.
///
/// # Errors
///
/// A processing error, with the status that it has under `--strict`: 127 not found, 126 not executable, 2 otherwise.
pub(crate) fn resolve(given: &Given, around: &Surroundings) -> Result<Resolved, Failure> {
    match given {
        Given::Text(text) => resolve_text(text, around),
        Given::Words(words) => match words.as_slice() {
            [text] => resolve_text(text, around),
            words if was_one_string(words, around.was_split) => resolve_text(&words.join(OsStr::new(" ")), around),
            words => resolve_words(words, around, "run word by word"),
        },
    }
}

/// Words that a platform made of one command line by cutting it at its blanks have to be joined again: a shell
/// operator that stands alone shows it, and so does a `$` where the platform is known to cut. A word that is empty or
/// holds a blank shows the opposite: whoever gave it knew where words end.
fn was_one_string(words: &[OsString], platform_splits: bool) -> bool {
    let bytes = || words.iter().map(|word| word.as_bytes());
    let is_sign =
        |word: &[u8]| matches!(word, b"&&" | b"||" | b";" | b"|") || (platform_splits && word.contains(&b'$'));
    bytes().any(is_sign) && bytes().all(|word| !word.is_empty() && !word.iter().any(u8::is_ascii_whitespace))
}

/// One string: a file, or a command line.
fn resolve_text(text: &OsStr, around: &Surroundings) -> Result<Resolved, Failure> {
    let text = trim(text);
    let is_nothing = |line: &[u8]| line.trim_ascii().is_empty() || line.trim_ascii().starts_with(b"#");
    if text.as_bytes().split(|byte| *byte == b'\n').all(is_nothing) {
        return Err(Failure::usage("the custom command is empty").with_hint("give a command, or none at all"));
    }
    // A file is looked for before the string is cut, so that its name may hold blanks.
    if let Some(path) = file_of_root(text, around) {
        return file::resolve(&path, text, &[], around);
    }
    resolve_line(text, around)
}

/// Without the blanks around it; one at the end that a backslash keeps belongs to the last word.
fn trim(text: &OsStr) -> &OsStr {
    let text = text.as_bytes().trim_ascii_start();
    let trimmed = text.trim_ascii_end();
    let backslashes = trimmed.iter().rev().take_while(|byte| **byte == b'\\').count();
    let kept = usize::from(backslashes % 2 == 1 && trimmed.len() < text.len());
    OsStr::from_bytes(&text[..trimmed.len() + kept])
}

/// `module:factory()` in front, with what stands behind it: gunicorn's own way to name a factory, though a shell would
/// stumble over it.
fn factory_in_front(text: &OsStr) -> Option<(&OsStr, &OsStr)> {
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b')')? + 1;
    let (word, rest) = bytes.split_at(end);
    let (module, call) = str::from_utf8(word).ok()?.split_once(':')?;
    let (name, arguments) = call.split_once('(')?;
    let is_factory = module.split('.').all(words::is_identifier)
        && words::is_identifier(name)
        && !arguments.contains(['(', '$', '`', '\n'])
        && rest.first().is_none_or(u8::is_ascii_whitespace);
    is_factory.then(|| (OsStr::from_bytes(word), OsStr::from_bytes(rest)))
}

fn resolve_line(text: &OsStr, around: &Surroundings) -> Result<Resolved, Failure> {
    if let Some((factory, rest)) = factory_in_front(text)
        && let Ok(line) = words::split(rest)
        && !line.needs_shell
    {
        let words: Vec<OsString> = std::iter::once(factory.to_owned()).chain(line.words).collect();
        return resolve_words(&words, around, "split into words by the rules of the shell");
    }
    let line = words::split(text).map_err(|unbalanced| {
        Failure::usage(format!("the custom command cannot be split into words: {}", unbalanced.describe()))
            .with_hint("close the quote, or put the command into a file `startup.sh`")
    })?;
    if line.needs_shell {
        let reading = format!("a command line for `{SHELL} -c`");
        return Ok(Resolved::shell(OsStr::new(SHELL), &[], text.to_owned(), OsStr::new("sh"), reading));
    }
    resolve_words(&line.words, around, "split into words by the rules of the shell")
}

/// Words that are run as they are.
fn resolve_words(words: &[OsString], around: &Surroundings, reading: &str) -> Result<Resolved, Failure> {
    let count = words.iter().take_while(|word| words::assignment(word).is_some()).count();
    let (assignments, words) = words.split_at(count);
    let Some((first, rest)) = words.split_first() else {
        return Err(Failure::usage("the custom command sets variables and names no program")
            .with_hint("put the program behind the variables, or set them in the container's environment"));
    };
    let resolved = if let Some(path) = file_of_root(first, around) {
        file::resolve(&path, first, rest, around)?
    } else if is_gunicorn_argument(first, around) {
        Resolved::new(Runs::GunicornArguments, PathBuf::new(), words.to_vec(), "arguments for gunicorn")
    } else {
        let program = find_program(first, around)?;
        let is_shell = program.file_name().is_some_and(shells::is_shell);
        match is_shell.then(|| file::repaired_for(&program, words, around)).flatten() {
            Some(repaired) => repaired,
            None => file::found_program(&program, words, reading, around)?,
        }
    };
    let assignments = assignments.iter().filter_map(|word| words::assignment(word));
    Ok(Resolved {
        assignments: assignments.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..resolved
    })
}

/// An option, or `module:object`, where a program's name should be.
fn is_gunicorn_argument(word: &OsStr, around: &Surroundings) -> bool {
    let bytes = word.as_bytes();
    if bytes.first() == Some(&b'-') {
        return bytes.len() > 1;
    }
    let Some((module, object)) = word.to_str().and_then(|word| word.split_once(':')) else { return false };
    let is_module = !module.is_empty() && module.split('.').all(words::is_identifier);
    let name = object.split_once('(').map_or(object, |(name, _)| name);
    is_module && words::is_identifier(name) && around.files.program(word, around.path).is_none()
}

/// `gunicorn ...`, `python -m gunicorn ...`, a shell, or any other program.
fn kind_of_program(program: &Path, arguments: &[OsString]) -> Runs {
    match program.file_name() {
        Some(name) if name == "gunicorn" => Runs::Gunicorn,
        Some(name) if shells::is_shell(name) => Runs::Shell,
        Some(name) if name.as_bytes().starts_with(b"python") => match arguments {
            [dash_m, module, ..] if dash_m == "-m" && module == "gunicorn" => Runs::Gunicorn,
            _ => Runs::Program,
        },
        _ => Runs::Program,
    }
}

/// The file that a word names: in the app root, or by an absolute path. `None` if there is nothing of that name.
fn file_of_root(word: &OsStr, around: &Surroundings) -> Option<PathBuf> {
    let path = around.root.join(word);
    // `bin/../x` is fine, and so is what leads out of the root: the user wrote it. A program given by its absolute
    // path is a file too, and `file::resolve` tells the two apart.
    around.files.is_file(&path).then_some(path)
}

/// Looks a program up as `execvp(3)` does, and tells "not there" from "may not be executed".
fn find_program(word: &OsStr, around: &Surroundings) -> Result<PathBuf, Failure> {
    let shown = word.display();
    if !word.as_bytes().contains(&b'/') {
        if let Some(program) = around.files.program(word, around.path) {
            return Ok(program);
        }
        let mut candidates = std::env::split_paths(around.path).map(|folder| folder.join(word));
        return Err(match candidates.find(|path| around.files.is_file(path)) {
            Some(path) => not_executable(&path),
            None => {
                Failure::usage(format!("`{shown}` was not found, neither in `{}` nor on PATH", around.root.display()))
                    .with_status(status::NOT_FOUND)
                    .with_hint(format!(
                        "check the spelling, or add the package that brings `{shown}` to requirements.txt"
                    ))
            }
        });
    }
    let path = around.root.join(word);
    // A file was found before.
    Err(match around.files.kind(&path) {
        Ok(Kind::Folder) => Failure::usage(format!("`{shown}` is a folder, not a program"))
            .with_status(status::NOT_EXECUTABLE)
            .with_hint("name the program or the file in it"),
        Ok(_) => not_executable(&path),
        Err(error) => Failure::usage(format!("`{shown}` cannot be started: {}", reason(&error)))
            .with_status(status::NOT_FOUND)
            .with_hint(format!("a relative path starts from `{}`", around.root.display())),
    })
}

fn not_executable(path: &Path) -> Failure {
    Failure::usage(format!("`{}` is not executable", path.display()))
        .with_status(status::NOT_EXECUTABLE)
        .with_hint("set its execute bit (`chmod +x`), or start it through its interpreter")
}

/// An error of a system call without the number that the standard library appends.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

/// Bytes as a word of the command line.
fn word(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environ::Environ;
    use crate::files::Memory;

    fn files() -> Memory {
        Memory::default()
            .program("/bin/sh", "\x7fELF")
            .program("/bin/bash", "\x7fELF")
            .program("/bin/python3", "\x7fELF")
            .program("/bin/env", "\x7fELF")
            .program("/bin/server", "\x7fELF")
            .program("/bin/gunicorn", "#!/bin/python3\n")
            .program("/bin/tool", "#!/gone/python3\n")
            .program("/bin/plain", "echo hi\n")
            .file("/site/secret.sh", "#!/bin/sh\n")
            .unreadable("/site/secret.sh")
            .file("/site/startup.sh", "#!/bin/bash -e\nserver\n")
            .file("/site/env.sh", "#!/bin/env bash\r\nserver\r\n")
            .file("/site/my app.py", "print()\n")
            .file("/site/startup.txt", "# comment\ngunicorn x:y\n")
            .file("/site/hello:app", "server\n")
            .program("/bin/web:run", "\x7fELF")
            .file("/bin/data", "\x7fELF")
            .empty("/site/folder")
            .program("/site/hidden", "")
            .unreadable("/site/hidden")
            .file("/site/old.exe", "MZ\0")
            .file("/opt/elsewhere.sh", "server\n")
            .file("/opt/notes", "server\n")
            .file("/site/list.bash", "server\n")
            .file("/site/split.sh", "#!/bin/env -S bash -e\n")
            .file("/site/moved", "#!/gone/python3.9\n")
            .file("/site/windows.py", "#!/bin/python3\r\nprint()\r\n")
            .file("/site/nobody.sh", "#!/bin/env nobody\n")
            .file("/site/chain.txt", "link.txt\n")
            .file("/site/link.txt", "startup.txt\n")
            .file("/site/self.txt", "self.txt\n")
            .file("/site/ping.txt", "pong.txt\n")
            .file("/site/pong.txt", "ping.txt\n")
            .file("/site/long.sh", "#!/bin/sh\r\n".to_owned() + &"#".repeat(128 * 1024))
            .file("/site/long.txt", "server\n".repeat(20 * 1024))
    }

    fn resolve_in(files: &Memory, given: &Given) -> Result<Resolved, Failure> {
        let environ: Environ = [("PATH", "/bin")].into_iter().collect();
        let root = Path::new("/site");
        let python = Python::find(files, root, &environ);
        resolve(given, &Surroundings { files, root, path: OsStr::new("/bin"), python: &python, was_split: false })
    }

    fn text(text: &str) -> Result<Resolved, Failure> {
        resolve_in(&files(), &Given::Text(text.into()))
    }

    fn argv(resolved: &Resolved) -> Vec<&str> {
        resolved.argv.iter().map(|word| word.to_str().unwrap()).collect()
    }

    #[test]
    fn every_form_becomes_its_program() {
        let table: [(&str, Runs, &[&str]); 34] = [
            ("server -x", Runs::Program, &["server", "-x"]),
            ("/bin/server -x", Runs::Program, &["/bin/server", "-x"]),
            ("gunicorn x:y", Runs::Gunicorn, &["gunicorn", "x:y"]),
            ("python3 -m gunicorn x:y", Runs::Gunicorn, &["python3", "-m", "gunicorn", "x:y"]),
            ("server -m gunicorn", Runs::Program, &["server", "-m", "gunicorn"]),
            ("hello:myapp -w 2", Runs::GunicornArguments, &["hello:myapp", "-w", "2"]),
            ("pkg.mod:make_app()", Runs::GunicornArguments, &["pkg.mod:make_app()"]),
            ("a:make('x y', 2) -w 2", Runs::GunicornArguments, &["a:make('x y', 2)", "-w", "2"]),
            ("a:make()x", Runs::Shell, &["/bin/sh", "-c", "a:make()x", "sh"]),
            ("a:make() && b", Runs::Shell, &["/bin/sh", "-c", "a:make() && b", "sh"]),
            ("server a\\ ", Runs::Program, &["server", "a "]),
            ("'pkg.mod:make_app()'", Runs::GunicornArguments, &["pkg.mod:make_app()"]),
            ("--chdir a b:c", Runs::GunicornArguments, &["--chdir", "a", "b:c"]),
            ("startup.sh a", Runs::Shell, &["/bin/bash", "-e", "/site/startup.sh", "a"]),
            ("env.sh", Runs::Shell, &["/bin/env", "bash", "-c", "#!/bin/env bash\nserver\n", "/site/env.sh"]),
            ("sh env.sh a", Runs::Shell, &["/bin/sh", "-c", "#!/bin/env bash\nserver\n", "/site/env.sh", "a"]),
            ("sh long.sh", Runs::Shell, &["sh", "long.sh"]),
            ("my app.py", Runs::Program, &["/bin/python3", "/site/my app.py"]),
            ("startup.txt", Runs::Gunicorn, &["gunicorn", "x:y"]),
            ("tool -x", Runs::Program, &["/bin/python3", "/bin/tool", "-x"]),
            ("plain x", Runs::Shell, &["/bin/sh", "/bin/plain", "x"]),
            ("python3 -m http.server", Runs::Program, &["python3", "-m", "http.server"]),
            ("web:run x", Runs::Program, &["web:run", "x"]),
            ("hidden x", Runs::Program, &["hidden", "x"]),
            ("/opt/elsewhere.sh", Runs::Shell, &["/bin/sh", "/opt/elsewhere.sh"]),
            ("list.bash", Runs::Shell, &["/bin/sh", "/site/list.bash"]),
            ("split.sh", Runs::Shell, &["/bin/env", "-S bash -e", "/site/split.sh"]),
            ("/bin/gunicorn x:y", Runs::Gunicorn, &["/bin/python3", "/bin/gunicorn", "x:y"]),
            ("moved x", Runs::Program, &["/bin/python3", "/site/moved", "x"]),
            ("windows.py", Runs::Program, &["/bin/python3", "/site/windows.py"]),
            ("chain.txt", Runs::Gunicorn, &["gunicorn", "x:y"]),
            (" my app.py\n", Runs::Program, &["/bin/python3", "/site/my app.py"]),
            ("startup.txt a", Runs::Shell, &["/bin/sh", "/site/startup.txt", "a"]),
            ("  server  ", Runs::Program, &["server"]),
        ];
        for (given, runs, words) in table {
            let resolved = text(given).unwrap_or_else(|failure| panic!("{given}: {failure}"));
            assert_eq!((resolved.runs, argv(&resolved)), (runs, words.to_vec()), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_processed_has_the_status_of_a_shell_and_a_next_step() {
        for (given, status, message) in [
            ("", 2, "is empty"),
            ("# comment", 2, "is empty"),
            (" # a\n\n#b", 2, "is empty"),
            ("secret.sh", 2, "cannot be read"),
            ("a 'b", 2, "single quote"),
            ("server a\\", 2, "ends with a backslash"),
            ("A=1", 2, "names no program"),
            ("nothing", 127, "was not found"),
            ("-", 127, "was not found"),
            ("./nothing", 127, "there is no such file"),
            ("nobody.sh", 127, "wants the interpreter `nobody`"),
            ("folder/", 126, "is a folder"),
            ("/opt/notes", 126, "`/opt/notes` is not executable"),
            ("data", 126, "`/bin/data` is not executable"),
            ("old.exe", 126, "`/site/old.exe` is not executable"),
            ("self.txt", 2, "leads in a circle"),
            ("ping.txt", 2, "leads in a circle"),
            ("long.sh", 2, "is too long to repair"),
            ("long.txt", 2, "is too long for a file of commands"),
        ] {
            let failure = text(given).unwrap_err();
            assert_eq!((failure.status, failure.hint.is_some()), (status, true), "{given}: {failure}");
            assert!(failure.message.contains(message), "{given}: {failure}");
        }
    }

    #[test]
    fn words_are_joined_again_only_where_nobody_can_have_meant_them_as_words() {
        for (words, platform, was_one) in [
            (&["cd", "a", "&&", "b"][..], false, true),
            (&["a", "$X"], true, true),
            (&["a", "$X"], false, false),
            (&["a", "$X", ""], true, false),
            (&["a", "$X", "b c"], true, false),
            (&["a", "b"], true, false),
        ] {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert_eq!(was_one_string(&words, platform), was_one, "{words:?} {platform}");
        }
        let words = ["server", "&&", "server"].map(OsString::from).to_vec();
        let resolved = resolve_in(&files(), &Given::Words(words)).unwrap();
        assert_eq!(argv(&resolved), ["/bin/sh", "-c", "server && server", "sh"]);
    }

    #[test]
    fn a_file_wins_over_what_its_name_could_mean() {
        let resolved = text("hello:app").unwrap();
        assert_eq!(argv(&resolved), ["server"], "{}", resolved.reading);
        assert!(resolved.reading.starts_with("the command in `hello:app`: "), "{}", resolved.reading);
    }

    #[test]
    fn leading_assignments_are_kept_apart() {
        let resolved = text("A=1 B='x y' server A=2").unwrap();
        assert_eq!(resolved.assignments, [("A".to_owned(), "1".into()), ("B".to_owned(), "x y".into())]);
        assert_eq!(argv(&resolved), ["server", "A=2"]);
    }
}
