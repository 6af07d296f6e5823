//! Step 1: the custom command.

use std::ffi::OsString;
use std::path::Path;

use super::Making;
use super::web_app::with_object;
use crate::command::{self, Resolved, Runs, Surroundings};
use crate::environ::Environ;
use crate::error::Failure;
use crate::gunicorn::options::UserOptions;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::Launch;
use crate::model::{Notice, Step, Verdict};
use crate::process::cgroup;
use crate::settings::{DEFAULT_PORT, Given};
use crate::shell::words;

impl Making<'_, '_> {
    /// Step 1. False when there is no custom command, or none that can be used.
    pub(super) fn custom(&mut self) -> bool {
        let Some(given) = &self.settings.command else {
            self.note(
                Step::Custom,
                "a custom command",
                Verdict::Absent,
                "neither words nor `PYSTART_COMMAND` were given",
            );
            return false;
        };
        let path = self.decision.python.search_path();
        let around = Surroundings {
            files: self.files,
            root: &self.settings.app_root,
            path: &path,
            python: &self.decision.python,
            was_split: self.settings.command_was_split,
        };
        let subject = match given {
            Given::Words(_) => "the words of the command line",
            Given::Text(_) => "`PYSTART_COMMAND`",
        };
        match command::resolve(given, &around) {
            Ok(resolved) => {
                self.note(Step::Custom, subject, Verdict::Chosen, resolved.reading.clone());
                self.decision.step = Step::Custom;
                self.decision.notices.extend(resolved.notices.iter().cloned());
                self.decision.outcome = self.launch_custom(resolved);
                true
            }
            Err(failure) => {
                self.note(Step::Custom, subject, Verdict::Rejected, failure.message.clone());
                if self.settings.strict {
                    self.decision.step = Step::Custom;
                    self.decision.outcome = Err(failure);
                    return true;
                }
                self.decision.notices.push(Notice {
                    message: format!("the custom command is not used: {}", failure.message),
                    hint: failure.hint,
                });
                false
            }
        }
    }

    fn launch_custom(&mut self, resolved: Resolved) -> Result<Launch, Failure> {
        let Resolved { assignments, mut program, mut argv, runs, .. } = resolved;
        let mut environ = self.app_environ(!self.decision.python.runs_own_interpreter());
        // What stands in front of the command is the user's last word.
        let assigned = |wanted: &str| {
            let mut all = assignments.iter().rev();
            all.find(|(name, _)| name == wanted).map(|(_, value)| value.as_os_str())
        };
        let port = assigned("PORT").and_then(|value| value.to_str()?.parse().ok()).or(self.settings.port);
        environ.set("PORT", port.unwrap_or(DEFAULT_PORT).to_string());
        if environ.filled("HOST").is_none() {
            environ.set("HOST", "0.0.0.0");
        }
        if runs == Runs::Shell {
            set_core_count(&mut environ, &argv);
            self.notice_dead_commands();
        }
        if matches!(runs, Runs::Gunicorn | Runs::GunicornArguments) {
            if let Some(own) = assigned("GUNICORN_CMD_ARGS") {
                environ.set("GUNICORN_CMD_ARGS", own);
            }
            let cmd_args = environ.filled("GUNICORN_CMD_ARGS");
            self.user = UserOptions::gather(self.files, &self.settings.app_root, &argv, cmd_args);
            let is_plain = argv.first().is_some_and(|first| first == "gunicorn");
            if runs == Runs::GunicornArguments || is_plain {
                let gunicorn = Gunicorn::find(self.files, &self.decision.python)?;
                let own = if is_plain { argv.split_off(1) } else { std::mem::take(&mut argv) };
                argv.clone_from(&gunicorn.words);
                if runs == Runs::GunicornArguments {
                    argv.extend(arguments::common(&self.user, port));
                }
                argv.extend(own);
                program.clone_from(&gunicorn.program);
                self.decision.python.enter(&mut environ, gunicorn.needs_lent_packages);
                self.decision.gunicorn = Some(gunicorn);
            }
            self.notice_missing_byte_code();
            self.add_container_extras(&mut environ, port);
            self.decision.target = app_of(&argv).or_else(|| self.user.wsgi_app.clone()).map(with_object);
            let is_asgi = |class: &str| class == "asgi" || class.contains("Uvicorn");
            self.decision.has_asgi_worker = self.user.worker_class.as_deref().is_some_and(is_asgi);
            if let Some(folder) = &self.user.chdir {
                self.decision.folder = self.settings.app_root.join(folder);
            }
        }
        let is_gunicorn = matches!(runs, Runs::Gunicorn | Runs::GunicornArguments);
        for (name, value) in assignments {
            // That of gunicorn's arguments is there already, behind the container's.
            if !is_gunicorn || name != "GUNICORN_CMD_ARGS" {
                environ.set(&name, value);
            }
        }
        Ok(self.launch(program, argv, environ, is_gunicorn, runs == Runs::Shell))
    }

    /// What pystart itself starts it can hand to another interpreter. A shell stops at the first command of that name
    /// on the search path, though its interpreter is gone.
    fn notice_dead_commands(&mut self) {
        let moved = self.decision.python.environment.as_ref().filter(|environment| environment.interpreter.is_none());
        if let Some(environment) = moved {
            self.decision.notices.push(Notice {
                message: format!("the commands in `{}/bin` want an interpreter that is not here", environment.name),
                hint: Some(
                    "in a shell call them as modules (`python -m gunicorn`), or build the environment in this image: \
                     `pystart build`"
                        .into(),
                ),
            });
        }
    }
}

/// The app that a command line of gunicorn names: `module:object` wherever it stands, else a module in first or last
/// place, where no option can be waiting for it.
fn app_of(argv: &[OsString]) -> Option<String> {
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

/// The platform's documentation computes workers from `NUM_CORES`; where the platform does not set it, the formula
/// would quietly come out wrong. Only a command that mentions it gets it.
fn set_core_count(environ: &mut Environ, argv: &[OsString]) {
    let is_mentioned = argv.iter().any(|word| word.to_string_lossy().contains("NUM_CORES"));
    if is_mentioned && environ.filled("NUM_CORES").is_none() {
        environ.set("NUM_CORES", cgroup::cores().to_string());
    }
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
