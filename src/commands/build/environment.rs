//! An environment in the making: what is done to it besides filling it with packages.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::installer::Pip;
use super::step::Step;

const COMPILE: &str = include_str!("byte_code.py");

/// Makes an empty environment. `name` is what shells show in front of their prompt.
///
/// Without pip: it is installed from a wheel that Python brings, which takes longer than all the rest of a small build.
#[must_use]
pub(super) fn create(python: &Path, name: &str, has_own_pip: bool, folder: &Path) -> Step {
    let mut step = Step::new(python, ["-m", "venv", "--prompt", name]);
    if !has_own_pip {
        step.arguments.push("--without-pip".into());
    }
    step.arguments.push(folder.into());
    step
}

/// Compiles every module of the environment in `folder`, which will lie in `place`.
#[must_use]
pub(super) fn compile(folder: &Path, place: &Path) -> Step {
    let (library, place) = (folder.join("lib"), place.join("lib"));
    let head = ["-I", "-S", "-c", COMPILE].map(OsStr::new);
    let step = Step::new(&folder.join("bin/python"), head.into_iter().chain([library.as_os_str(), place.as_os_str()]));
    Step { purpose: Some("compiling byte code"), ..step }
}

/// The folder of the packages.
pub(super) fn packages(folder: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(folder.join("lib")).ok()?.flatten();
    versions.map(|version| version.path().join("site-packages")).find(|packages| packages.is_dir())
}

/// Is there a package of this import name?
pub(super) fn has(folder: &Path, package: &str) -> bool {
    packages(folder).is_some_and(|packages| packages.join(package).join("__init__.py").is_file())
}

/// Lets `pip` and `python -m pip` in the environment be the image's: it then works on the environment, and can replace
/// itself there by a pip of the environment's own.
///
/// # Errors
///
/// Those of writing the files.
pub(super) fn lend_pip(folder: &Path, pip: &Pip) -> io::Result<()> {
    let (Some(runner), Some(packages)) = (&pip.runner, packages(folder)) else { return Ok(()) };
    let module = packages.join("pip");
    if module.exists() {
        return Ok(());
    }
    fs::create_dir(&module)?;
    fs::write(module.join("__init__.py"), "# pip of the image, on loan: see __main__.py.\n")?;
    fs::write(module.join("__main__.py"), lent_pip(runner))?;
    for name in ["pip", "pip3"] {
        let mut options = fs::OpenOptions::new();
        let script = options.write(true).create_new(true).mode(0o755).open(folder.join("bin").join(name))?;
        let python = folder.join("bin/python");
        io::Write::write_all(&mut &script, script_of_pip(&python).as_bytes())?;
    }
    Ok(())
}

/// The image's pip, run by the interpreter of the environment: `pip --python` does the same.
fn lent_pip(runner: &Path) -> String {
    let runner = runner.display().to_string();
    format!(
        "import os\nimport sys\n\nrunner = {runner:?}\nif not os.path.exists(runner):\n    \
         sys.exit('pip: the image that this environment was built in has one, this one has not; '\n             \
         'run `python -m ensurepip`')\nos.execv(sys.executable, [sys.executable, runner, *sys.argv[1:]])\n"
    )
}

/// A shell's, because a first line cannot hold every path.
fn script_of_pip(python: &Path) -> String {
    format!("#!/bin/sh\nexec '{}' -m pip \"$@\"\n", python.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_made_without_pip_unless_it_needs_its_own() {
        let made =
            |has_own_pip| create(Path::new("/usr/bin/python3"), "antenv", has_own_pip, Path::new("/r/B")).command();
        assert_eq!(made(false), "python3 -m venv --prompt antenv --without-pip /r/B");
        assert_eq!(made(true), "python3 -m venv --prompt antenv /r/B");
    }

    #[test]
    fn modules_are_compiled_for_the_place_where_they_will_lie() {
        let step = compile(Path::new("/r/B"), Path::new("/r/antenv"));
        assert_eq!(step.command(), "python -I -S -c ... /r/B/lib /r/antenv/lib");
    }

    #[test]
    fn a_path_with_a_quote_is_one_word_for_the_shell() {
        assert_eq!(script_of_pip(Path::new("/it's/python")), "#!/bin/sh\nexec '/it'\\''s/python' -m pip \"$@\"\n");
    }
}
