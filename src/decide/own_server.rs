//! The last step before the default site: a web app that brings its own server.

use std::ffi::OsString;

use super::choice::{Choice, Inputs, Trail};
use super::command_start;
use crate::model::{Evidence, Step, Verdict};
use crate::settings::{DEFAULT_PORT, Given};

/// Such an app, when it is the only one, or has a usual name, and its package is installed.
pub(super) fn own_server(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let (found, evidence) = inputs.sources.own_server();
    let trail = Trail { evidence, ..Trail::default() };
    let Some(app) = found else {
        if trail.evidence.is_empty() {
            let reason = "no file of the app root is one";
            return (None, Trail::of(Step::OwnServer, "an app with its own server", Verdict::Absent, reason));
        }
        return (None, trail);
    };
    let subject = app.file.display().to_string();
    let said = |verdict, reason| Evidence { step: Step::OwnServer, subject: subject.clone(), verdict, reason };
    let is_installed = inputs.python.packages().iter().any(|folder| inputs.files.is_folder(&folder.join(app.package)));
    if !is_installed {
        let reason = format!("is {}, and `{}` is not installed", app.described, app.package);
        return (None, trail.with_evidence(said(Verdict::Rejected, reason)));
    }
    let port = inputs.settings.port.unwrap_or(DEFAULT_PORT).to_string();
    let words = app.command.split(' ').map(|word| match word {
        "{file}" => app.file.clone().into_os_string(),
        "8000" => port.clone().into(),
        word => OsString::from(word),
    });
    match inputs.resolve(&Given::Words(words.collect()), false) {
        Ok(resolved) => {
            let trail = trail.with_evidence(said(Verdict::Chosen, format!("is {}", app.described)));
            let (choice, more) = command_start::choose(Step::OwnServer, resolved, inputs);
            (Some(choice), trail.then(more))
        }
        Err(failure) => {
            let reason = format!("is {}, and cannot be started: {}", app.described, failure.message);
            (None, trail.with_evidence(said(Verdict::Rejected, reason)))
        }
    }
}
