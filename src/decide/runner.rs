//! `poetry run` and its like in front of a command, where the tool itself is not there: what it would do, running the
//! command in the project's environment, is done anyway.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::choice::Inputs;
use crate::command::Resolved;
use crate::error::Failure;
use crate::model::Notice;
use crate::settings::Given;
use crate::shell::commands::{Word, commands};
use crate::shell::words;

/// The tools that run a command in the environment of a project by `TOOL run`.
const TOOLS: [&str; 6] = ["hatch", "pdm", "pipenv", "poetry", "rye", "uv"];

/// Understands a command without the tools that are not there; with `--strict` as it stands.
pub(super) fn resolve(given: &Given, was_split: bool, inputs: &Inputs) -> Result<Resolved, Failure> {
    let without = if inputs.settings.strict { None } else { without_tool(given, inputs) };
    let Some((shorter, tool)) = without else { return inputs.resolve(given, was_split) };
    let mut resolved = inputs.resolve(&shorter, was_split)?;
    resolved.notices.push(Notice {
        message: format!("`{tool}` is not installed: what stands behind `{tool} run` is run in the app's environment"),
        hint: Some(format!("take `{tool} run` out of the command")),
    });
    Ok(resolved)
}

fn without_tool(given: &Given, inputs: &Inputs) -> Option<(Given, &'static str)> {
    match given {
        Given::Words(all) if all.len() > 1 => {
            let texts: Vec<&OsStr> = all.iter().map(OsString::as_os_str).collect();
            let (tool, from, to) = absent_tool(&texts, inputs)?;
            Some((Given::Words(all[..from].iter().chain(&all[to..]).cloned().collect()), tool))
        }
        Given::Words(one) => from_text(one.first()?, inputs),
        Given::Text(text) => from_text(text, inputs),
    }
}

fn from_text(text: &OsStr, inputs: &Inputs) -> Option<(Given, &'static str)> {
    let mut shorter = text.as_bytes().to_vec();
    let mut absent = None;
    // From the end, so that the places in front stay what they are.
    for command in commands(text).iter().rev() {
        let texts: Vec<&OsStr> = command.iter().map(|word: &Word| word.text.as_os_str()).collect();
        if let Some((tool, from, to)) = absent_tool(&texts, inputs) {
            shorter.drain(command[from].range.start..command[to].range.start);
            absent = Some(tool);
        }
    }
    Some((Given::Text(OsString::from_vec(shorter)), absent?))
}

/// The tool in front of a command that is not there, and from where to where its words stand.
fn absent_tool(command: &[&OsStr], inputs: &Inputs) -> Option<(&'static str, usize, usize)> {
    let is_in_front = |word: &&&OsStr| words::assignment(word).is_some() || **word == OsStr::new("exec");
    let from = command.iter().take_while(is_in_front).count();
    let [name, run, rest @ ..] = command.get(from..)? else { return None };
    let tool = TOOLS.into_iter().find(|tool| name == tool).filter(|_| *run == "run")?;
    let switches = rest.iter().take_while(|word| word.as_bytes().starts_with(b"--")).count();
    let to = from + 2 + switches;
    let is_absent = to < command.len() && inputs.files.program(name, &inputs.python.search_path()).is_none();
    is_absent.then_some((tool, from, to))
}
