//! The command that is run to its end before the server is started.

use super::choice::Inputs;
use super::{command_start, launch};
use crate::error::Failure;
use crate::model::{Interface, Launch, Step};
use crate::settings::Given;

/// A command that runs before the server, in the app's environment.
#[derive(Clone, Debug, PartialEq)]
pub struct BeforeStart {
    /// The flag, variable or file that names it.
    pub from: String,
    /// What is run, or why it cannot be.
    pub outcome: Result<Launch, Failure>,
}

/// The command, if there is one. It is understood like a start-up command: words, shell syntax, a script's file.
pub(super) fn before(inputs: &Inputs) -> Option<BeforeStart> {
    let before = inputs.settings.before.as_ref()?;
    let resolved = inputs.resolve(&Given::Text(before.text.clone()), false);
    let start = resolved.and_then(|resolved| command_start::choose(Step::Custom, resolved, inputs).0.start);
    let outcome = start.map(|start| launch::prepare(start, Interface::Wsgi, inputs).launch);
    Some(BeforeStart { from: before.from.clone(), outcome })
}
