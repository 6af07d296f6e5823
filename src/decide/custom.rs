//! Step 1: the custom command.

use super::choice::{Choice, Inputs, Trail};
use super::{command_start, runner};
use crate::error::Failure;
use crate::model::{Notice, Step, Verdict};
use crate::settings::Given;

/// The custom command, if there is one and it can be used. With `--strict` one that cannot is final.
pub(super) fn custom(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Some(given) = &inputs.settings.command else {
        let reason = "neither words nor `PYSTART_COMMAND` were given";
        return (None, Trail::of(Step::Custom, "a custom command", Verdict::Absent, reason));
    };
    match runner::resolve(given, inputs.settings.command_was_split, inputs) {
        Ok(resolved) => {
            let trail = Trail::of(Step::Custom, subject(given), Verdict::Chosen, resolved.reading.clone());
            let (choice, more) = command_start::choose(Step::Custom, resolved, inputs);
            (Some(choice), trail.then(more))
        }
        Err(failure) if inputs.settings.strict => {
            let trail = Trail::of(Step::Custom, subject(given), Verdict::Rejected, failure.message.clone());
            (Some(Choice::impossible(Step::Custom, failure, inputs)), trail)
        }
        Err(failure) => (None, refused(given, &failure)),
    }
}

/// What is told of a custom command that is passed over.
pub(super) fn refused(given: &Given, failure: &Failure) -> Trail {
    Trail::of(Step::Custom, subject(given), Verdict::Rejected, failure.message.clone()).with_notice(Notice {
        message: format!("the custom command is not used: {}", failure.message),
        hint: failure.hint.clone(),
    })
}

fn subject(given: &Given) -> &'static str {
    match given {
        Given::Words(_) => "the words of the command line",
        Given::Text(_) => "`PYSTART_COMMAND`",
    }
}
