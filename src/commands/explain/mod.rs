//! A decision as a report: for people, aligned; for machines, JSON of a documented shape.

mod text;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::commands::caveats::caveats;
use crate::commands::deployed;
use crate::commands::output::{self, print};
use crate::commands::pid1;
use crate::commands::running::Running;
use crate::decide::{BeforeStart, Decision, decide};
use crate::deployment;
use crate::error::Failure;
use crate::files::Read;
use crate::gunicorn::options::EffectiveOption;
use crate::invocation::Invocation;
use crate::model::{Changes, Launch, Mode};
use crate::model::{Evidence, NearMiss, Notice, Step, WebApp};
use crate::path_text::lossless;
use crate::python::environment::Origin;
use crate::settings::Flags;
use crate::settings::table;
use crate::shell::redact::without_values;

pub use text::Style;

/// `pystart explain`: prints what `run` would do, and why; the exit status.
///
/// # Errors
///
/// A bad setting, or standard output that cannot be written.
pub fn explain(flags: Flags, invocation: &Invocation) -> Result<u8, Failure> {
    let is_for_machines = flags.has(&table::JSON.row);
    let lists_files = flags.has(&table::VERBOSE.row);
    let (settings, source) = pid1::settings(flags, invocation)?;
    let deployed::Seen { settings, files } = deployed::look(settings)?;
    let decision = decide(&settings, &files);
    let reads = files.reads();
    let running = Running::find(&settings, &decision, source, &reads);
    // The text does not tell who listens.
    let running = if is_for_machines { running.map(Running::with_listeners) } else { running };
    let report = Report::new(&decision, &reads, running, caveats(&settings, source));
    let text = if is_for_machines {
        report.to_json()
    } else {
        report.to_text(Style::for_stdout(&invocation.environ), lists_files)
    };
    print(text.as_bytes())?;
    Ok(0)
}

/// The version of the JSON's shape. It grows when a field is removed or changes its meaning, not when one is added.
pub const SHAPE: u32 = 1;

/// Everything that `explain` tells. Words and paths that are not UTF-8 are shown as [`lossless`] has them.
#[derive(Debug, Serialize)]
pub struct Report {
    /// [`SHAPE`].
    pub version: u32,
    /// What limits this report: what could not be read, whose start it speaks of.
    pub caveats: Vec<Notice>,
    /// The site that runs where we were called; null where none does.
    pub running: Option<Running>,
    /// The step that won.
    pub step: Step,
    /// What was deployed: a folder, or an archive.
    pub source: Option<deployment::Report>,
    /// The app root.
    #[serde(serialize_with = "crate::path_text::path")]
    pub app_root: PathBuf,
    /// The folder that the server runs in, `--chdir` counted: where the module path starts.
    #[serde(serialize_with = "crate::path_text::path")]
    pub cwd: PathBuf,
    /// `module:object`; null where it is not known (a command that is not gunicorn) and for the default site.
    pub target: Option<String>,
    /// Whether that object is ASGI.
    pub asgi: bool,
    /// The framework, where one was recognised.
    pub framework: Option<&'static str>,
    /// The app, where a step that looks for one found it.
    pub app: Option<WebApp>,
    /// What is run to its end before the server.
    pub before: Option<BeforeReport>,
    /// The command line; null when nothing can be started.
    pub argv: Option<Vec<String>>,
    /// What the command line would be if what it takes were there; null when it can be started, or is not known.
    pub intended: Option<Vec<String>>,
    /// The path of the program.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub program: Option<PathBuf>,
    /// The folder it is started in.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub start_dir: Option<PathBuf>,
    /// `exec`, or `init` when pystart stays in front.
    pub mode: Option<Mode>,
    /// Names of the variables that are changed.
    pub env: Changes,
    /// The Python of the app.
    pub python: PythonReport,
    /// The gunicorn that runs.
    pub gunicorn: Option<GunicornReport>,
    /// The reasoning, in the order of the steps.
    pub evidence: Vec<Evidence>,
    /// What deserves attention.
    pub warnings: Vec<Notice>,
    /// What was nearly it.
    pub near_misses: Vec<NearMiss>,
    /// Why nothing can be started.
    pub cannot_start: Option<FailureReport>,
    /// The files that were read, and how much of each.
    pub files_read: Vec<FileRead>,
}

/// What is run to its end before the server.
#[derive(Debug, Serialize)]
pub struct BeforeReport {
    /// The flag, variable or file that names it.
    pub from: String,
    /// Its command line; null when it cannot be run.
    pub argv: Option<Vec<String>>,
    /// Why it cannot be run.
    pub cannot_start: Option<FailureReport>,
}

impl From<&BeforeStart> for BeforeReport {
    fn from(before: &BeforeStart) -> Self {
        let words = |launch: &Launch| launch.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Self {
            from: before.from.clone(),
            argv: before.outcome.as_ref().ok().map(words),
            cannot_start: before.outcome.as_ref().err().map(FailureReport::from),
        }
    }
}

/// The Python of the app.
#[derive(Debug, Serialize)]
pub struct PythonReport {
    /// The interpreter.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub interpreter: Option<PathBuf>,
    /// Its version, as far as names tell: `3.12`.
    pub version: Option<String>,
    /// The folder of the virtual environment.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub environment: Option<PathBuf>,
    /// Who says that this is the one: `build`, `app-root`, `virtual-env` or `search-path`.
    pub environment_from: Option<Origin>,
    /// Why the environment's own interpreter is not used.
    pub fault: Option<String>,
}

/// The gunicorn that runs.
#[derive(Debug, Serialize)]
pub struct GunicornReport {
    /// `environment` or `image`.
    pub from: &'static str,
    /// Its version, if its files tell: `23.0`.
    pub version: Option<String>,
    /// Every option that it gets, and where each was set.
    pub options: Vec<EffectiveOption>,
}

/// Why nothing can be started.
#[derive(Debug, Serialize)]
pub struct FailureReport {
    /// What failed.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The status that `run` would end with.
    pub status: u8,
}

impl From<&Failure> for FailureReport {
    fn from(failure: &Failure) -> Self {
        Self { message: failure.message.clone(), hint: failure.hint.clone(), status: failure.status }
    }
}

/// A file that was read.
#[derive(Debug, Serialize)]
pub struct FileRead {
    /// Its path; relative to the app root if it is in there.
    #[serde(serialize_with = "crate::path_text::path")]
    pub path: PathBuf,
    /// How many bytes.
    pub bytes: usize,
}

impl Report {
    /// The report on a decision; `reads` are the files that were read for it, `running` the site that runs,
    /// `caveats` what limits it.
    #[must_use]
    pub fn new(decision: &Decision, reads: &[Read], running: Option<Running>, caveats: Vec<Notice>) -> Self {
        let launch = decision.outcome.as_ref().ok();
        let interpreter = decision.python.interpreter.as_ref();
        let environment = decision.python.environment.as_ref();
        let relative = |path: &Path| path.strip_prefix(&decision.app_root).unwrap_or(path).to_owned();
        let words = |argv: &Vec<OsString>| argv.iter().map(|word| lossless(word).into_owned()).collect();
        // A caveat may be a notice of the settings: said first, it is not said again.
        let warnings = decision.notices.iter().filter(|notice| !caveats.contains(notice)).cloned().collect();
        Self {
            version: SHAPE,
            caveats,
            running,
            step: decision.step,
            source: decision.source.clone(),
            app_root: decision.app_root.clone(),
            cwd: decision.folder.clone(),
            target: decision.target.clone().filter(|_| decision.step != Step::DefaultSite),
            asgi: decision.is_asgi,
            framework: decision.app.as_ref().map(|app| app.framework),
            app: decision.app.clone(),
            before: decision.before.as_ref().map(BeforeReport::from),
            argv: launch.map(|launch| words(&without_values(&launch.argv))),
            intended: decision.intended.as_ref().map(words),
            program: launch.map(|launch| launch.program.clone()),
            start_dir: launch.map(|launch| launch.directory.clone()),
            mode: launch.map(|launch| launch.mode),
            env: launch.map(|launch| Changes::between(&decision.given, &launch.environ)).unwrap_or_default(),
            python: PythonReport {
                interpreter: interpreter.map(|interpreter| interpreter.path.clone()),
                version: interpreter.and_then(|interpreter| interpreter.minor).map(|minor| minor.to_string()),
                environment: environment.map(|environment| environment.folder.clone()),
                environment_from: environment.map(|environment| environment.origin),
                fault: environment.and_then(|environment| environment.fault.clone()),
            },
            gunicorn: decision.gunicorn.as_ref().map(|gunicorn| GunicornReport {
                from: if gunicorn.from_environment { "environment" } else { "image" },
                version: gunicorn.version.map(|(major, minor)| format!("{major}.{minor}")),
                options: decision.outcome.as_ref().map_or_else(
                    |_| Vec::new(),
                    |launch| gunicorn.options.effective(&launch.argv, launch.environ.filled("GUNICORN_CMD_ARGS")),
                ),
            }),
            evidence: decision.evidence.clone(),
            warnings,
            near_misses: decision.near_misses.clone(),
            cannot_start: decision.outcome.as_ref().err().map(FailureReport::from),
            files_read: reads.iter().map(|read| FileRead { path: relative(&read.path), bytes: read.bytes }).collect(),
        }
    }

    /// The report as JSON, one value to a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        output::json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environ::Environ;
    use crate::files::Memory;
    use crate::settings::Settings;

    fn report(files: &Memory, words: &[&str]) -> Report {
        let environ: Environ = [("PATH", "/bin"), ("HOME_SITE", "/site")].into_iter().collect();
        let flags = Flags::of_command(words);
        let settings = Settings::new(flags, &environ, Path::new("/")).unwrap();
        let read = |path: &str| Read { path: path.into(), bytes: 7 };
        Report::new(&decide(&settings, files), &[read("/site/a/b.py"), read("/proc/self/cgroup")], None, Vec::new())
    }

    fn image() -> Memory {
        Memory::default().program("/bin/gunicorn", "\x7fELF").program("/bin/sh", "\x7fELF").empty("/site")
    }

    #[test]
    fn people_read_the_answer_first_then_the_reasons_then_what_to_do() {
        let files = image().file(
            "/site/a/b/c/d/wsgi.py",
            "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        );
        let text = report(&files, &["no such", "x"]).to_text(Style::PLAIN, true);
        assert!(text.starts_with("pystart would start the default site: no app was found\n"), "{text}");
        for part in [
            "\n  step        7 of 7, the default site\n",
            "\n  command     gunicorn --bind=0.0.0.0 --timeout 600 --chdir=",
            "\n  process     the server takes the place of pystart\n",
            "\n  1 x the words of the command line",
            "\n    start it with: gunicorn ",
            "\nWorth knowing\n  the custom command is not used: `no such` was not found",
            "\n    hint: check the spelling",
            "\nFiles read\n        7 bytes  a/b.py\n        7 bytes  /proc/self/cgroup\n",
        ] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
        let steps = ["1", "2", "3", "7"].map(|step| text.matches(&format!("\n  {step} ")).count());
        assert_eq!(steps, [1, 1, 1, 1], "each step has its number once\n{text}");
        assert!(!text.contains("explain"), "whoever reads this has asked for it\n{text}");
    }

    #[test]
    fn a_command_line_can_be_pasted_into_a_shell() {
        let text = report(&image(), &["echo 'a b' && x"]).to_text(Style::PLAIN, true);
        assert!(text.contains("\n  command     /bin/sh -c 'echo '\\''a b'\\'' && x' sh\n"), "{text}");
        assert!(text.contains("\n  process     pystart stays in front of it as init\n"), "{text}");
    }

    #[test]
    fn what_cannot_start_says_so_in_its_first_line_and_with_its_status() {
        let files = Memory::default().empty("/site");
        let report = report(&files, &[]);
        let text = report.to_text(Style::PLAIN, true);
        assert!(text.starts_with("pystart would fail to start the default site"), "{text}");
        assert!(text.contains("\nIt cannot start\n  gunicorn was not found"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["cannot_start"]["status"], 127);
        assert_eq!(json["argv"], serde_json::Value::Null);
    }
}
