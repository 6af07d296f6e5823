//! What is run for one environment, and in which order. Pure: everything is known before anything is done.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::build_tool::{BuildTool, UV};
use super::installer::{Installer, Uv};
use super::step::Step;

/// How what a project needs is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Install {
    /// Words for `pip install`, which uv takes as well: `-r requirements.txt`.
    Words(Vec<OsString>),
    /// The dependencies of a `pyproject.toml` that is no package.
    Dependencies(Vec<String>),
    /// A project of uv with its lock, as a package itself or not.
    UvProject {
        /// The project itself is installed, too.
        with_project: bool,
    },
    /// A file that uv reads and pip does not.
    UvFile(&'static str),
    /// What a build tool lists.
    Listed(Listing),
}

impl Install {
    /// The project as a package, editable: a copy of the app among the packages would be served after the app was
    /// changed.
    pub(super) fn package() -> Self {
        Self::Words(vec!["-e".into(), ".".into()])
    }

    /// Can pip do it, too?
    pub(super) fn is_for_pip(&self) -> bool {
        !matches!(self, Self::UvProject { .. } | Self::UvFile(_))
    }
}

/// A list of packages that a build tool makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The tool.
    pub(super) tool: &'static BuildTool,
    /// Files that it gets a copy of, in a folder of its own, because it would write beside them.
    pub(super) copied: &'static [&'static str],
    /// Arguments for the tool's Python, one call each; the last one prints the list.
    pub(super) commands: &'static [&'static [&'static str]],
    /// The list names every package that is needed: nothing is looked for beyond it.
    pub(super) is_complete: bool,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Run a command.
    Run(Step),
    /// Write a file.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
    },
    /// Copy a file.
    Copy {
        /// From where.
        from: PathBuf,
        /// To where.
        to: PathBuf,
    },
    /// Install the packages of a list that an earlier action made.
    InstallList {
        /// The list.
        list: PathBuf,
        /// It names every package that is needed.
        is_complete: bool,
    },
}

/// Everything that is done to fill one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The tool that has to be there first.
    pub(super) tool: Option<&'static BuildTool>,
    /// What is done then.
    pub(super) actions: Vec<Action>,
}

/// With what, and where.
pub(super) struct Setting<'a> {
    /// What installs packages.
    pub(super) installer: &'a dyn Installer,
    /// The folder of the project.
    pub(super) project: &'a Path,
    /// The environment.
    pub(super) environment: &'a Path,
    /// A folder for what is needed meanwhile.
    pub(super) work: &'a Path,
    /// The environment of the build tool, whether it is there or not.
    pub(super) tool: &'a dyn Fn(&BuildTool) -> PathBuf,
    /// The requirements have hashes: what has none cannot be installed together with them.
    pub(super) is_hashed: bool,
}

/// The server that starts every detected app; installed with the rest in one go where that can be.
const SERVER: &str = "gunicorn";

impl Plan {
    /// The plan for what the project needs; for `None` an environment with the server alone.
    #[must_use]
    pub(super) fn new(install: Option<&Install>, setting: &Setting<'_>) -> Self {
        let run = |step: Step| Action::Run(step.in_folder(setting.project));
        let words = |words: &[OsString]| run(setting.installer.install(setting.environment, words));
        let with_server = |mut all: Vec<OsString>| {
            if !setting.is_hashed {
                all.push(SERVER.into());
            }
            words(&all)
        };
        let (tool, actions) = match install {
            None => (None, vec![with_server(Vec::new())]),
            Some(Install::Words(words)) => (None, vec![with_server(words.clone())]),
            Some(Install::Dependencies(lines)) => {
                let list = setting.work.join("dependencies.txt");
                let text = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
                let file = setting.installer.project_file().map_or_else(|| list.clone().into(), OsString::from);
                (None, vec![Action::Write { path: list, text }, with_server(vec!["-r".into(), file])])
            }
            Some(Install::UvProject { with_project }) => {
                let uv = Uv::of(setting);
                (uv.tool(), vec![run(uv.sync(setting.environment, *with_project))])
            }
            Some(Install::UvFile(file)) => {
                let uv = Uv::of(setting);
                (uv.tool(), vec![run(uv.install(setting.environment, &["-r".into(), file.into()]))])
            }
            Some(Install::Listed(listing)) => (Some(listing.tool), listed(listing, setting)),
        };
        Self { tool, actions }
    }

    /// Installs the server alone, where what the project needs has not brought it.
    #[must_use]
    pub(super) fn server(setting: &Setting<'_>) -> Step {
        setting.installer.install(setting.environment, &[SERVER.into()]).in_folder(setting.project)
    }
}

fn listed(listing: &Listing, setting: &Setting<'_>) -> Vec<Action> {
    let is_copied = !listing.copied.is_empty();
    let folder = if is_copied { setting.work.join("copy") } else { setting.project.to_owned() };
    let list = setting.work.join("list.txt");
    let copies =
        listing.copied.iter().map(|name| Action::Copy { from: setting.project.join(name), to: folder.join(name) });
    let program = (setting.tool)(listing.tool).join("bin/python");
    let calls = listing.commands.iter().enumerate().map(|(at, arguments)| {
        let mut step = Step::new(&program, *arguments).in_folder(&folder);
        step.variables.push(("VIRTUAL_ENV", setting.environment.into()));
        step.variables.extend(listing.tool.variables.iter().map(|(name, value)| (*name, value.into())));
        step.output = (at + 1 == listing.commands.len()).then(|| list.clone());
        Action::Run(step)
    });
    let install = Action::InstallList { list: list.clone(), is_complete: listing.is_complete };
    copies.chain(calls).chain([install]).collect()
}

impl Uv {
    /// uv itself where it installs anyway, else the one that is fetched as a build tool.
    fn of(setting: &Setting<'_>) -> Self {
        setting.installer.as_uv().unwrap_or_else(|| Self::fetched((setting.tool)(&UV).join("bin/uv")))
    }

    fn tool(&self) -> Option<&'static BuildTool> {
        self.is_fetched.then_some(&UV)
    }
}

#[cfg(test)]
mod tests;
