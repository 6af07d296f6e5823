//! From a command that was understood to its start: whoever gave it, it runs the same way.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::choice::{Choice, Inputs, Server, Start, Trail};
use super::web_app::with_object;
use crate::command::{Resolved, Runs};
use crate::error::Failure;
use crate::gunicorn::options::UserOptions;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::{Notice, Step};
use crate::process::cgroup;
use crate::settings::DEFAULT_PORT;
use crate::shell::words;

/// The choice of this command, for this step.
pub(super) fn choose(step: Step, resolved: Resolved, inputs: &Inputs) -> (Choice, Trail) {
    let mut trail = Trail { notices: resolved.notices.clone(), ..Trail::default() };
    if resolved.runs == Runs::Shell {
        trail.notices.extend(dead_commands(inputs));
    }
    let is_gunicorn = matches!(resolved.runs, Runs::Gunicorn | Runs::GunicornArguments);
    let started = if is_gunicorn { start_gunicorn(resolved, inputs) } else { Ok(start_other(resolved, inputs)) };
    let root = &inputs.settings.app_root;
    let (target, folder) = match started.as_ref().map(|start| (start, &start.server)) {
        Ok((start, Server::Gunicorn { options, .. })) => (
            app_of(&start.argv).or_else(|| options.wsgi_app.clone()).map(with_object),
            options.chdir.as_ref().map(|folder| root.join(folder)),
        ),
        _ => (None, None),
    };
    let folder = folder.unwrap_or_else(|| root.clone());
    (Choice { step, app: None, target, folder, start: started }, trail)
}

/// gunicorn with arguments of the user's; where nothing but arguments was given, the usual ones go in front.
fn start_gunicorn(resolved: Resolved, inputs: &Inputs) -> Result<Start, Failure> {
    let variables = variables(&resolved, inputs);
    let Resolved { assignments, mut program, mut argv, runs, .. } = resolved;
    let assigned = |wanted: &str| last_of(&assignments, wanted);
    let port = port_of(&assignments, inputs);
    let cmd_args = assigned("GUNICORN_CMD_ARGS").or_else(|| inputs.settings.environ.filled("GUNICORN_CMD_ARGS"));
    let cmd_args = cmd_args.filter(|own| !own.is_empty());
    let options = UserOptions::gather(inputs.files, &inputs.settings.app_root, &argv, cmd_args);
    let mut needs_lent_packages = !inputs.python.runs_own_interpreter();
    let mut found = None;
    let is_plain = argv.first().is_some_and(|first| first == "gunicorn");
    if runs == Runs::GunicornArguments || is_plain {
        let gunicorn = Gunicorn::find(inputs.files, &inputs.python)?;
        let own = if is_plain { argv.split_off(1) } else { std::mem::take(&mut argv) };
        argv.clone_from(&gunicorn.words);
        if runs == Runs::GunicornArguments {
            argv.extend(arguments::common(&options, port));
        }
        argv.extend(own);
        program.clone_from(&gunicorn.program);
        needs_lent_packages |= gunicorn.needs_lent_packages;
        found = Some(gunicorn);
    }
    let server = Server::Gunicorn { gunicorn: found, options: Box::new(options), port };
    Ok(Start { program, argv, needs_lent_packages, variables, server })
}

/// Any other program, as it is.
fn start_other(resolved: Resolved, inputs: &Inputs) -> Start {
    let variables = variables(&resolved, inputs);
    let server = if resolved.runs == Runs::Shell { Server::Shell } else { Server::Program };
    let needs_lent_packages = !inputs.python.runs_own_interpreter();
    Start { program: resolved.program, argv: resolved.argv, needs_lent_packages, variables, server }
}

/// What the command gets besides the app's environment: where to listen, then what stands in front of it, which is the
/// user's last word.
fn variables(resolved: &Resolved, inputs: &Inputs) -> Vec<(String, OsString)> {
    let environ = &inputs.settings.environ;
    let port = port_of(&resolved.assignments, inputs).unwrap_or(DEFAULT_PORT);
    let mut variables = vec![("PORT".to_owned(), port.to_string().into())];
    if environ.filled("HOST").is_none() {
        variables.push(("HOST".to_owned(), "0.0.0.0".into()));
    }
    // The platform's documentation computes workers from it; where the platform does not set it, the formula would
    // quietly come out wrong. Only a command that mentions it gets it.
    let is_mentioned = || resolved.argv.iter().any(|word| word.to_string_lossy().contains("NUM_CORES"));
    if resolved.runs == Runs::Shell && environ.filled("NUM_CORES").is_none() && is_mentioned() {
        variables.push(("NUM_CORES".to_owned(), cgroup::cores().to_string().into()));
    }
    variables.extend(resolved.assignments.iter().cloned());
    variables
}

fn port_of(assignments: &[(String, OsString)], inputs: &Inputs) -> Option<u16> {
    let assigned = last_of(assignments, "PORT").and_then(|value| value.to_str()?.parse().ok());
    assigned.or(inputs.settings.port)
}

fn last_of<'a>(assignments: &'a [(String, OsString)], wanted: &str) -> Option<&'a OsStr> {
    let found = assignments.iter().rev().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.as_os_str())
}

/// What pystart itself starts it can hand to another interpreter. A shell stops at the first command of that name on
/// the search path, though its interpreter is gone.
fn dead_commands(inputs: &Inputs) -> Option<Notice> {
    let environment = inputs.python.environment.as_ref().filter(|environment| environment.interpreter.is_none())?;
    Some(Notice {
        message: format!("the commands in `{}/bin` want an interpreter that is not here", environment.name),
        hint: Some(
            "in a shell call them as modules (`python -m gunicorn`), or build the environment in this image: \
             `pystart build`"
                .into(),
        ),
    })
}

/// The app that a command line of gunicorn names: `module:object` wherever it stands, else a module in first or last
/// place, where no option can be waiting for it.
pub(crate) fn app_of(argv: &[OsString]) -> Option<String> {
    let is_gunicorn = |word: &&str| Path::new(word).file_name().is_some_and(|name| name == "gunicorn");
    let words: Vec<&str> = argv.iter().filter_map(|word| word.to_str()).skip_while(|word| !is_gunicorn(word)).collect();
    let is_module = |word: &str| word.split('.').all(words::is_identifier);
    let is_app = |word: &str| {
        let Some((module, object)) = word.split_once(':') else { return false };
        // `localhost:8000` is an address.
        is_module(module) && object.starts_with(|first: char| first == '_' || first.is_alphabetic())
    };
    let named = || words.iter().copied().find(|word| is_app(word));
    let first = || words.get(1).copied().filter(|word| is_module(word));
    let last = || {
        let (last, before) = words.split_last()?;
        let waits = before.last().is_some_and(|word| word.starts_with('-') && !word.contains('='));
        (is_module(last) && !waits && before.len() > 1).then_some(*last)
    };
    named().or_else(first).or_else(last).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_found_where_gunicorn_takes_it_from() {
        let table = [
            ("gunicorn a.b:c", Some("a.b:c")),
            ("/usr/bin/python3 -m gunicorn --timeout 600 -w 2 a:b", Some("a:b")),
            ("gunicorn --bind localhost:8000 --name x a:make()", Some("a:make()")),
            ("gunicorn shop.wsgi --workers 4", Some("shop.wsgi")),
            ("/bin/python3 /site/antenv/bin/gunicorn shop.wsgi", Some("shop.wsgi")),
            ("gunicorn --bind=0.0.0.0 --timeout 600 shop.wsgi", Some("shop.wsgi")),
            ("gunicorn -w 2 --name shop", None),
            ("gunicorn -b localhost:8000 -w 2", None),
            ("gunicorn", None),
        ];
        for (line, app) in table {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(app_of(&argv).as_deref(), app, "{line}");
        }
    }
}
