//! Step 1: the custom command.

use super::choice::{Choice, Inputs, Trail};
use super::{command_start, runner};
use crate::cli;
use crate::error::{Failure, status};
use crate::model::{Notice, Step, Verdict};
use crate::settings::Given;

/// The custom command, if there is one and it can be used. With `--strict` one that cannot is final.
pub(super) fn custom(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Some(given) = &inputs.settings.command else {
        let reason = "neither words nor `PYSTART_COMMAND` were given";
        return (None, Trail::of(Step::Custom, "a custom command", Verdict::Absent, reason));
    };
    let resolved = runner::resolve(given, inputs.settings.command_was_split, inputs);
    match resolved.map_err(|failure| with_subcommand_meant(failure, given, inputs)) {
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

/// A word that is no program and no file may have been meant to be a subcommand of ours.
fn with_subcommand_meant(failure: Failure, given: &Given, inputs: &Inputs) -> Failure {
    let (Given::Words(words), status::NOT_FOUND) = (given, failure.status) else { return failure };
    let word = words.first().filter(|word| inputs.files.kind(&inputs.settings.app_root.join(word)).is_err());
    match word.and_then(|word| cli::similar_subcommand(word)) {
        Some(name) => failure.with_hint(format!("did you mean `pystart {name}`?")),
        None => failure,
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
