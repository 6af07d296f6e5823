//! Step 1: the custom command.

use std::ffi::{OsStr, OsString};

use super::Making;
use super::app::with_object;
use crate::app::{Notice, Step, Verdict};
use crate::capacity;
use crate::command::{self, Resolved, Runs, Surroundings};
use crate::environ::Environ;
use crate::error::Failure;
use crate::gunicorn::options::UserOptions;
use crate::gunicorn::{Gunicorn, arguments};
use crate::launch::Launch;
use crate::settings::{DEFAULT_PORT, Given};

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
        let port = self.settings.port.unwrap_or(DEFAULT_PORT);
        environ.set("PORT", port.to_string());
        if environ.filled("HOST").is_none() {
            environ.set("HOST", "0.0.0.0");
        }
        if runs == Runs::Shell {
            set_core_count(&mut environ, &argv);
        }
        if matches!(runs, Runs::Gunicorn | Runs::GunicornArguments) {
            let cmd_args = self.settings.environ.filled("GUNICORN_CMD_ARGS");
            self.user = UserOptions::gather(self.files, &self.settings.app_root, &argv, cmd_args);
            let is_plain = argv.first().is_some_and(|first| first == "gunicorn");
            if runs == Runs::GunicornArguments || is_plain {
                let gunicorn = Gunicorn::find(self.files, &self.decision.python)?;
                let own = if is_plain { argv.split_off(1) } else { std::mem::take(&mut argv) };
                argv.clone_from(&gunicorn.words);
                if runs == Runs::GunicornArguments {
                    argv.extend(arguments::common(&self.user, self.settings.port));
                }
                argv.extend(own);
                program.clone_from(&gunicorn.program);
                self.decision.python.enter(&mut environ, gunicorn.needs_lent_packages);
                self.decision.gunicorn = Some(gunicorn);
            }
            self.notice_missing_byte_code();
            self.add_container_extras(&mut environ);
            self.decision.target = argv
                .iter()
                .find_map(|word| module_and_object(word))
                .or_else(|| self.user.wsgi_app.clone().map(with_object));
            let is_asgi = |class: &str| class == "asgi" || class.contains("Uvicorn");
            self.decision.has_asgi_worker = self.user.worker_class.as_deref().is_some_and(is_asgi);
            if let Some(folder) = &self.user.chdir {
                self.decision.folder = self.settings.app_root.join(folder);
            }
        }
        for (name, value) in assignments {
            environ.set(&name, value);
        }
        let is_gunicorn = matches!(runs, Runs::Gunicorn | Runs::GunicornArguments);
        Ok(self.launch(program, argv, environ, is_gunicorn, runs == Runs::Shell))
    }
}

/// A word that can only be the app of a gunicorn command line.
fn module_and_object(word: &OsStr) -> Option<String> {
    let word = word.to_str()?;
    let (module, object) = word.split_once(':')?;
    let is_module = module.split('.').all(command::words::is_identifier);
    // `localhost:8000` is an address.
    let is_object = object.starts_with(|first: char| first == '_' || first.is_alphabetic());
    (is_module && is_object).then(|| word.to_owned())
}

/// The platform's documentation computes workers from `NUM_CORES`; where the platform does not set it, the formula
/// would quietly come out wrong. Only a command that mentions it gets it.
fn set_core_count(environ: &mut Environ, argv: &[OsString]) {
    let is_mentioned = argv.iter().any(|word| word.to_string_lossy().contains("NUM_CORES"));
    if is_mentioned && environ.filled("NUM_CORES").is_none() {
        environ.set("NUM_CORES", capacity::cores().to_string());
    }
}
