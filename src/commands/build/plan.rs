//! The commands that make an environment. Pure: what is run, in which order, is a value.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::inputs::Source;
use super::place::NAME;

/// Prints the dependencies of a `pyproject.toml`, one a line, for pip, which cannot install them without the project.
///
/// Python has the parser of TOML since 3.11; before that pip brings it.
const DEPENDENCIES: &str = "\
import sys
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib
with open('pyproject.toml', 'rb') as file:
    project = tomllib.load(file).get('project', {})
with open(sys.argv[1], 'w', encoding='utf-8') as out:
    out.writelines(line + '\\n' for line in project.get('dependencies', []))
";

/// One command, run in the app root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// A variable it gets besides the app's environment.
    pub variable: Option<(&'static str, OsString)>,
}

impl Step {
    fn new<A: AsRef<OsStr>>(program: &Path, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = arguments.into_iter().map(|word| word.as_ref().to_owned()).collect();
        Self { program: program.to_owned(), arguments, variable: None }
    }

    /// The command as a person would type it, for messages.
    #[must_use]
    pub fn command(&self) -> String {
        let program = self.program.file_name().unwrap_or(self.program.as_os_str());
        let words = std::iter::once(program).chain(self.arguments.iter().map(OsString::as_os_str));
        // A program given as an argument (`-c`) is no reading matter.
        let words = words.map(|word| if word == DEPENDENCIES { "...".into() } else { word.to_string_lossy() });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Everything that is run for one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Makes the empty environment.
    pub create: Step,
    /// Installs what the app needs.
    pub install: Vec<Step>,
    /// Installs gunicorn; left out when the app's own list brought it.
    pub gunicorn: Step,
    /// Compiles every module, so that no start has to.
    pub compile: Step,
}

/// With what, and where.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a> {
    /// The interpreter the environment is for.
    pub python: &'a Path,
    /// uv, if it is on PATH.
    pub uv: Option<&'a Path>,
    /// The folder the environment is built in.
    pub building: &'a Path,
}

impl Plan {
    /// The plan for what `source` lists.
    #[must_use]
    pub fn new(source: Source, tools: &Tools<'_>) -> Self {
        let Tools { python, uv, building } = *tools;
        let own = building.join("bin/python");
        let install = |words: &[&OsStr]| match uv {
            Some(uv) => Step::new(
                uv,
                ["pip", "install", "--python"].map(OsStr::new).iter().chain(&[own.as_os_str()]).chain(words),
            ),
            // What it installs is compiled once, in parallel, at the end.
            None => Step::new(&own, ["-m", "pip", "install", "--no-compile"].map(OsStr::new).iter().chain(words)),
        };
        let word = OsStr::new;
        let listed = building.join("dependencies.txt");
        let install_all = match (source, uv) {
            (Source::Requirements, _) => vec![install(&[word("-r"), word("requirements.txt")])],
            (Source::Lock, Some(uv)) => vec![Step {
                variable: Some(("UV_PROJECT_ENVIRONMENT", building.into())),
                ..Step::new(uv, ["sync", "--frozen", "--no-dev", "--no-install-project", "--inexact"])
            }],
            (Source::Dependencies, Some(_)) => vec![install(&[word("-r"), word("pyproject.toml")])],
            (Source::Dependencies | Source::Lock, None) => vec![
                Step::new(&own, [word("-c"), word(DEPENDENCIES), listed.as_os_str()]),
                install(&[word("-r"), listed.as_os_str()]),
            ],
            // Editable: a copy of the app in site-packages would be served after the app was changed.
            (Source::Package, _) => vec![install(&[word("-e"), word(".")])],
            (Source::Nothing, _) => Vec::new(),
        };
        // What shells show in front of their prompt; the tools take the folder's name, which is not the final one.
        let named = [word("--prompt"), word(NAME), building.as_os_str()];
        let create = match uv {
            Some(uv) => Step::new(uv, [word("venv"), word("--python"), python.as_os_str()].iter().chain(&named)),
            None => Step::new(python, [word("-m"), word("venv")].iter().chain(&named)),
        };
        // Importing a module corrects the file name in its byte code, so compiling in another folder does no harm.
        let compile = ["-m", "compileall", "-qq", "-j", "0"].map(word);
        let library = building.join("lib");
        Self {
            create,
            install: install_all,
            gunicorn: install(&[word("gunicorn")]),
            compile: Step::new(&own, compile.iter().chain(&[library.as_os_str()])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(source: Source, uv: Option<&str>) -> Vec<String> {
        let tools = Tools { python: Path::new("/usr/bin/python3"), uv: uv.map(Path::new), building: Path::new("/r/B") };
        let plan = Plan::new(source, &tools);
        let all = std::iter::once(&plan.create).chain(&plan.install).chain([&plan.gunicorn, &plan.compile]);
        all.map(Step::command).collect()
    }

    #[test]
    fn pip_installs_into_the_environment_that_the_interpreter_made() {
        assert_eq!(
            commands(Source::Requirements, None),
            [
                "python3 -m venv --prompt antenv /r/B",
                "python -m pip install --no-compile -r requirements.txt",
                "python -m pip install --no-compile gunicorn",
                "python -m compileall -qq -j 0 /r/B/lib",
            ]
        );
        assert_eq!(
            commands(Source::Dependencies, None)[1..3],
            ["python -c ... /r/B/dependencies.txt", "python -m pip install --no-compile -r /r/B/dependencies.txt"]
        );
        assert_eq!(commands(Source::Package, None)[1], "python -m pip install --no-compile -e .");
    }

    #[test]
    fn uv_does_the_same_faster_and_reads_its_lock_file() {
        assert_eq!(
            commands(Source::Requirements, Some("/bin/uv"))[..3],
            [
                "uv venv --python /usr/bin/python3 --prompt antenv /r/B",
                "uv pip install --python /r/B/bin/python -r requirements.txt",
                "uv pip install --python /r/B/bin/python gunicorn",
            ]
        );
        assert_eq!(
            commands(Source::Lock, Some("/bin/uv"))[1],
            "uv sync --frozen --no-dev --no-install-project --inexact"
        );
        assert_eq!(
            commands(Source::Dependencies, Some("/bin/uv"))[1],
            "uv pip install --python /r/B/bin/python -r pyproject.toml"
        );
        assert_eq!(commands(Source::Nothing, Some("/bin/uv")).len(), 3);
    }
}
