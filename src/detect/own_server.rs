//! Web apps that bring their own server: Streamlit, Gradio, an aiohttp script, ...

use std::path::{Path, PathBuf};

use super::Sources;
use super::candidate::report::FileReport;
use super::candidate::server_calls::{calls, is_script};
use super::limits;
use super::names::is_no_own_server;
use crate::model::{Evidence, Step, Verdict};

/// A file that is such an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnServerApp {
    /// Relative to the app root.
    pub file: PathBuf,
    /// The framework, as people call it: "a Streamlit app".
    pub described: String,
    /// The package that must be installed.
    pub package: &'static str,
    /// The words that start it; `{file}` stands for the file, and 8000 for the port. A file alone is run as a script.
    pub command: String,
}

/// The packages whose apps serve the web. Bots, windows and command lines are none of them.
const PACKAGES: [&str; 10] =
    ["aiohttp", "chainlit", "gradio", "marimo", "nicegui", "panel", "shiny", "solara", "streamlit", "tornado"];

/// Names by which people start such an app, the likeliest first.
const USUAL: [&str; 3] = ["streamlit_app.py", "app.py", "main.py"];

impl Sources<'_> {
    /// The only such app among the files of the root, or the one with a usual name; and what was found.
    #[must_use]
    pub fn own_server(&self) -> (Option<OwnServerApp>, Vec<Evidence>) {
        let root = Path::new("");
        let listing = self.inference.project.folder(root);
        let files = listing.python.iter().filter(|name| !is_no_own_server(name)).take(limits::FILES_WITHOUT_APP);
        let mut found: Vec<OwnServerApp> = files.filter_map(|name| self.own_server_in(Path::new(name))).collect();
        let rank =
            |app: &OwnServerApp| USUAL.iter().position(|name| app.file == Path::new(name)).unwrap_or(USUAL.len());
        found.sort_by_key(rank);
        let is_clear = found.len() == 1 || found.first().is_some_and(|first| rank(first) < USUAL.len());
        let fact = |app: &OwnServerApp, reason: &str| Evidence {
            step: Step::OwnServer,
            subject: app.file.display().to_string(),
            verdict: Verdict::Outranked,
            reason: format!("is {}, {reason}", app.described),
        };
        if is_clear {
            let evidence = found[1..].iter().map(|app| fact(app, "and has no usual name")).collect();
            return (found.into_iter().next(), evidence);
        }
        let reason = "and none of several has a usual name";
        (None, found.iter().map(|app| fact(app, reason)).collect())
    }

    fn own_server_in(&self, file: &Path) -> Option<OwnServerApp> {
        let report = FileReport::new(&self.inference, file, Path::new(""))?;
        if let Some(server) = runs_server(&report) {
            return Some(OwnServerApp {
                file: file.to_owned(),
                described: format!("a script that runs {server}"),
                package: server,
                command: "{file}".to_owned(),
            });
        }
        let framework = report.standalone.filter(|framework| PACKAGES.contains(&framework.package))?;
        let starts = framework.has_runner() || is_script(&report.source.module);
        starts.then_some(())?;
        let command = framework.command("{file}", || "{file}".to_owned())?;
        Some(OwnServerApp {
            file: file.to_owned(),
            described: framework.described(),
            package: framework.package,
            command,
        })
    }
}

/// The server that a script runs for an app which nobody can name from outside: `uvicorn.run(build(settings))`.
fn runs_server(report: &FileReport) -> Option<&'static str> {
    let module = &report.source.module;
    let is_one = report.objects.is_empty() && report.standalone.is_none() && is_script(module);
    (is_one && calls(module, "uvicorn.run")).then_some("uvicorn")
}
