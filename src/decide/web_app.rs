//! The steps that look for a web app.

use super::choice::{Choice, Inputs, Trail};
use super::{declared, serving};
use crate::gunicorn::{self, Gunicorn};
use crate::model::{Detection, Interface, Step, Verdict};

/// Django or Flask, where the documented order looks for them.
pub(super) fn documented(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Detection { app, evidence, notices, near_misses } = inputs.sources.documented(&|| asgi_worker(inputs));
    let trail = Trail { evidence, notices, near_misses, ..Trail::default() };
    let Some(app) = app else { return (None, trail) };
    let (choice, more) = serving::choose(app, inputs);
    let trail = trail.then(more);
    match declared::contradiction(&choice, inputs) {
        Some(notice) => (Some(choice), trail.with_notice(notice)),
        None => (Some(choice), trail),
    }
}

/// Any other web app of the root, if one is recognised.
pub(super) fn other(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Detection { app, evidence, notices, near_misses } = inputs.sources.other(&|| asgi_worker(inputs));
    let trail = Trail { evidence, notices, near_misses, ..Trail::default() };
    let Some(app) = app else {
        if trail.evidence.iter().any(|fact| fact.step == Step::Other) {
            return (None, trail);
        }
        let reason = "there is no Python file that could hold one";
        return (None, trail.then(Trail::of(Step::Other, "any other web app", Verdict::Absent, reason)));
    };
    let (choice, more) = serving::choose(app, inputs);
    (Some(choice), trail.then(more))
}

/// The worker class for ASGI that a command can name: the one that is installed, else the one to install.
fn asgi_worker(inputs: &Inputs) -> &'static str {
    let gunicorn = Gunicorn::find(inputs.files, &inputs.python);
    let class =
        gunicorn.and_then(|gunicorn| gunicorn::worker_class(Interface::Asgi, &gunicorn, inputs.files, &inputs.python));
    class.ok().flatten().unwrap_or("uvicorn_worker.UvicornWorker")
}
