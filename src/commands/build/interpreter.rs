//! The interpreter that an environment is made for: asked once, and recognised afterwards without being started.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::process::refusal::{self, Shortage};
use crate::process::{answer, signals};

/// What it says of itself, one a line. `-I`: nothing of the user's own counts.
const QUESTION: &str = "\
import sys
from importlib.util import find_spec
here = sys.implementation
pip = find_spec('pip')
print(sys.version.split()[0])
print(here.cache_tag, getattr(here, '_multiarch', ''), sys.executable)
print(pip.submodule_search_locations[0] if pip and pip.submodule_search_locations else '')
print(find_spec('gunicorn') is not None)
";

/// What is known of an interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// `3.12.1`.
    pub(super) version: String,
    /// Version, implementation and platform: packages with native code are built for just these.
    pub(super) identity: String,
    /// The file of its pip that runs it in another environment (pip 22.3 and newer have it).
    pub(super) pip_runner: Option<PathBuf>,
    /// It has gunicorn.
    pub(super) has_server: bool,
}

/// Starts the interpreter and asks.
///
/// # Errors
///
/// It cannot be started, or does not answer.
pub(super) fn ask(program: &Path, environ: &Environ) -> Result<Interpreter, Failure> {
    let failed = |why: String| {
        Failure::usage(format!("cannot run the interpreter `{}`: {why}", program.display()))
            .with_status(status::NOT_EXECUTABLE)
            .with_hint("use an image whose `python3` works")
    };
    let not_started = |error: io::Error| {
        let failure = failed(refusal::reason_of_error(&error));
        match Shortage::of_error(&error) {
            Some(shortage) => failure.with_hint(shortage.hint()),
            None => failure,
        }
    };
    let mut command = Command::new(program);
    command.args(["-I", "-c", QUESTION]).env_clear().envs(environ.iter()).stdin(Stdio::null());
    // What it complains of is for the reader.
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = signals::released(&mut command).spawn().map_err(not_started)?;
    let pipe = child.stdout.take();
    let (printed, status) = answer::read_and_wait(child, pipe).map_err(not_started)?;
    let answer = String::from_utf8_lossy(&printed);
    match answer.lines().collect::<Vec<_>>()[..] {
        [version, build, pip, has_server] if status.success() => Ok(Interpreter {
            version: version.to_owned(),
            identity: format!("{version} {build}"),
            pip_runner: Some(Path::new(pip).join("__pip-runner__.py")).filter(|path| !pip.is_empty() && path.is_file()),
            has_server: has_server == "True",
        }),
        _ => Err(failed(status.to_string())),
    }
}

/// The file of an interpreter: as long as it is the same, so is the answer. `None` for a script that chooses one.
pub(super) fn file_identity(program: &Path) -> Option<String> {
    let path = fs::canonicalize(program).ok()?;
    let mut file = File::open(&path).ok()?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).ok()?;
    let facts = file.metadata().ok()?;
    (magic == *b"\x7fELF")
        .then(|| format!("{} {} {}.{}", path.display(), facts.len(), facts.mtime(), facts.mtime_nsec()))
}
