//! From a command that was understood to its start: whoever gave it, it runs the same way.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::choice::{Choice, Inputs, Server, Start, Trail};
use super::serving::with_object;
use crate::command::{Resolved, Runs};
use crate::error::Failure;
use crate::gunicorn::options::UserOptions;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::{Interface, Notice, Step, Verdict};
use crate::process::cgroup;
use crate::servers::{self, ServerCall};
use crate::settings::DEFAULT_PORT;
use crate::shell::{shells, words};

/// The choice of this command, for this step.
pub(super) fn choose(step: Step, resolved: Resolved, inputs: &Inputs) -> (Choice, Trail) {
    let expected = port_of(&resolved.assignments, inputs);
    let mut trail = Trail { notices: resolved.notices.clone(), ..Trail::default() };
    if resolved.runs == Runs::Shell {
        trail.notices.extend(dead_commands(inputs));
    }
    let is_gunicorn = matches!(resolved.runs, Runs::Gunicorn | Runs::GunicornArguments);
    let started = if is_gunicorn { start_gunicorn(resolved, inputs) } else { Ok(start_other(resolved, inputs)) };
    let root = &inputs.settings.app_root;
    let call = started.as_ref().ok().and_then(|start| {
        let line = line_of(&start.argv);
        servers::find_call(&line).or_else(|| servers::find_call(&script_of(&start.argv, inputs)?))
    });
    if let Some(call) = &call {
        trail = trail.then(address_told(step, call, expected));
    }
    let (target, folder, is_asgi) = match started.as_ref().map(|start| (start, &start.server)) {
        Ok((_, Server::Gunicorn { options, .. })) => (
            call.and_then(|call| call.target).or_else(|| options.wsgi_app.clone()),
            options.chdir.as_ref().map(PathBuf::from),
            false,
        ),
        Ok((start, _)) => match call {
            Some(call) => (call.target, call.folder, call.is_asgi),
            None => served_by_script(start, inputs),
        },
        Err(_) => (None, None, false),
    };
    let folder = folder.map_or_else(|| root.clone(), |folder| root.join(folder));
    (Choice { step, app: None, target: target.map(with_object), folder, is_asgi, start: started }, trail)
}

/// The command as one line: what a shell is given to run, or the words.
fn line_of(argv: &[OsString]) -> OsString {
    match argv.iter().position(|word| word == "-c") {
        Some(at) if shells::is_shell(Path::new(&argv[0]).file_name().unwrap_or_default()) => {
            argv.get(at + 1).cloned().unwrap_or_default()
        }
        _ => words::join(argv),
    }
}

/// The script that a shell is given to run, if it is one.
fn script_of(argv: &[OsString], inputs: &Inputs) -> Option<OsString> {
    let (shell, rest) = argv.split_first()?;
    let script = rest.iter().find(|word| !word.as_bytes().starts_with(b"-"))?;
    let is_script = shells::is_shell(Path::new(shell).file_name()?) && !rest.iter().any(|word| word == "-c");
    let content = is_script.then(|| inputs.files.read(&inputs.settings.app_root.join(script)).ok()).flatten()?;
    Some(OsString::from_vec(content.to_vec()))
}

/// What is said before the start of a server that is told to listen where the site is not expected.
fn address_told(step: Step, call: &ServerCall, expected: Option<u16>) -> Trail {
    let server = &call.server;
    if let Some(host) = call.host.as_deref().filter(|_| call.is_loopback()) {
        return Trail::default().with_notice(Notice {
            message: format!("`{server}` is told to listen on `{host}`: nobody outside of the container reaches that"),
            hint: Some("let it listen on `0.0.0.0`".into()),
        });
    }
    match (call.port, expected) {
        (Some(own), Some(expected)) if own != expected => Trail::default().with_notice(Notice {
            message: format!("`{server}` is told to listen on port {own}; the site is expected on port {expected}"),
            hint: Some("use `$PORT` in the command, or set `PORT` to the same number".into()),
        }),
        (Some(own), None) if own != DEFAULT_PORT => {
            let reason = format!(
                "is told to listen on port {own}; the site is expected on port {DEFAULT_PORT} unless `PORT` says so"
            );
            Trail::of(step, server, Verdict::Noted, reason)
        }
        _ => Trail::default(),
    }
}

/// The app that a Python file serves when it is run, where that can be told.
fn served_by_script(start: &Start, inputs: &Inputs) -> (Option<String>, Option<PathBuf>, bool) {
    let script = start.argv.get(1).map(Path::new).filter(|word| word.extension().is_some_and(|end| end == "py"));
    let relative = script.map(|script| script.strip_prefix(&inputs.settings.app_root).unwrap_or(script));
    match relative.and_then(|file| inputs.sources.served_by_script(file)) {
        Some(app) => {
            let target = format!("{}:{}", app.module, app.object);
            (Some(target), Some(app.folder), app.interface == Interface::Asgi)
        }
        None => (None, None, false),
    }
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
    Ok(Start { program, argv, folder: PathBuf::new(), needs_lent_packages, copies: Vec::new(), variables, server })
}

/// Any other program, as it is.
fn start_other(resolved: Resolved, inputs: &Inputs) -> Start {
    let variables = variables(&resolved, inputs);
    let server = if resolved.runs == Runs::Shell { Server::Shell } else { Server::Program };
    let needs_lent_packages = !inputs.python.runs_own_interpreter();
    let folder = PathBuf::new();
    Start {
        program: resolved.program,
        argv: resolved.argv,
        folder,
        needs_lent_packages,
        copies: Vec::new(),
        variables,
        server,
    }
}

/// What the command gets besides the app's environment: where to listen, then what stands in front of it, which is the
/// user's last word.
fn variables(resolved: &Resolved, inputs: &Inputs) -> Vec<(String, OsString)> {
    let environ = &inputs.settings.environ;
    let port = port_of(&resolved.assignments, inputs).unwrap_or(DEFAULT_PORT);
    let mut variables = vec![("PORT".to_owned(), port.to_string().into())];
    let host = environ.filled("HOST").unwrap_or(OsStr::new("0.0.0.0"));
    variables.push(("HOST".to_owned(), host.to_owned()));
    if !matches!(resolved.runs, Runs::Gunicorn | Runs::GunicornArguments) {
        variables.extend(servers::variables(environ, host, port));
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
