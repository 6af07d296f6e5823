//! From what the probe told to what a person should hear: the cause, the line, the next step. Pure.

use super::context::Context;
use super::lines::{own_lines, shortened};
use super::missing_module;
use super::observation::{Absent, Calling, Ending, Exception, Observation, Stage};
use super::problem::{Cause, Line, Problem};

/// The first reason why this would not serve, in the order in which gunicorn would meet it; `None` if it would.
#[must_use]
pub(super) fn diagnose(seen: &Observation, ending: Ending, context: &Context<'_>) -> Option<Problem> {
    if let Some(failure) = &seen.failure {
        return failure.chain.first().map(|error| raised(seen, failure.stage, error, &failure.chain, context));
    }
    if let Some(absent) = &seen.absent {
        return Some(name_not_found(seen, absent));
    }
    match ending {
        Ending::Complete => interface_mismatch(seen),
        Ending::TimedOut => Some(timed_out(seen, context)),
        Ending::Exited(status) => Some(Problem::new(
            Cause::Exited,
            format!("{} ended the interpreter with status {status}", activity(seen, seen.stage)),
        )),
        Ending::Signalled(signal) => Some(killed_by_signal(seen, signal)),
    }
}

/// What happens at a stage, as the subject of a sentence.
fn activity(seen: &Observation, stage: Stage) -> String {
    let app = seen.settings.as_ref().map_or("", |settings| settings.app.as_str());
    let (module, object) = app.split_once(':').unwrap_or((app, "application"));
    match stage {
        Stage::Python => "starting Python".to_owned(),
        Stage::Gunicorn => "importing gunicorn".to_owned(),
        Stage::Settings => "reading gunicorn's configuration".to_owned(),
        Stage::Worker => "importing the worker class".to_owned(),
        Stage::Module => format!("importing `{module}`"),
        Stage::Object if object.contains('(') => format!("calling `{object}` of `{module}`"),
        Stage::Object => format!("looking up `{object}` of `{module}`"),
        Stage::Request => "answering the request".to_owned(),
    }
}

fn raised(seen: &Observation, stage: Stage, error: &Exception, chain: &[Exception], context: &Context<'_>) -> Problem {
    // Django wraps nothing, but a settings module that cannot be imported is often the second in the chain.
    let django = chain.iter().find(|error| error.home.starts_with("django.core.exceptions"));
    let mut problem = match (stage, error.kind.as_str()) {
        (_, "SyntaxError" | "IndentationError" | "TabError") if error.file.is_some() => syntax_error(error, context),
        (Stage::Gunicorn, _) => {
            Problem::new(Cause::NoGunicorn, format!("gunicorn cannot be imported: {}", kind_and_message(error)))
                .with_hint(context.packages.how_to_install("gunicorn"))
        }
        (Stage::Settings, "SystemExit") => {
            Problem::new(Cause::Settings, "gunicorn refuses its options or its configuration file")
                .with_hint("its own message stands above; `pystart explain` shows where each option comes from")
        }
        (Stage::Settings, _) => {
            Problem::new(Cause::Settings, format!("gunicorn refuses its configuration: {}", kind_and_message(error)))
        }
        (Stage::Worker, _) => worker_class_missing(error, context),
        (Stage::Module | Stage::Object | Stage::Request, "ModuleNotFoundError") if error.missing.is_some() => {
            missing_module::diagnose(error, seen, context)
        }
        (_, "ImportError") if error.message.contains(NOT_MAPPED) => not_mapped(error, context),
        (Stage::Object, "AppImportError") => Problem::new(Cause::NotAnApp, error.message.clone()),
        (_, "SystemExit") => {
            Problem::new(Cause::Exited, format!("{} calls `sys.exit({})`", activity(seen, stage), error.message))
                .with_hint("keep what only a command should do behind `if __name__ == \"__main__\":`")
        }
        _ => match django {
            Some(error) => Problem::new(
                Cause::DjangoSettings,
                format!("Django's settings: {}", kind_and_message(error)),
            )
            .with_hint(
                "set what it asks for in the app settings; `pystart env --json` shows which variables the app gets",
            ),
            None => any_other(seen, stage, error),
        },
    };
    if problem.lines.is_empty() {
        // The innermost error may have been raised by a package; what led there is in the one before it.
        problem.lines = chain
            .iter()
            .map(|error| own_lines(&error.frames, context))
            .find(|lines| !lines.is_empty())
            .unwrap_or_default();
    }
    if problem.hint.is_none() && problem.cause == Cause::Import {
        problem.hint = unfit_package(error, seen);
    }
    problem
}

/// What the C library says when the kernel does not let it load a file as code. The number of the error, which differs
/// between file systems and systems of access control, stands behind it.
const NOT_MAPPED: &str = "failed to map segment from shared object";

/// Most often a volume; and as often the user who mounted it does not know.
fn not_mapped(error: &Exception, context: &Context<'_>) -> Problem {
    let file = error.message.split(':').next().unwrap_or_default();
    let file = shortened(file, context.app_root);
    let message = format!("the kernel does not load the compiled code in `{file}`: its folder is mounted `noexec`");
    Problem::new(Cause::Noexec, message).with_hint(
        "mount it without `noexec` (Docker: `--tmpfs FOLDER:exec`), or put the environment elsewhere and name it with \
         `VIRTUAL_ENV`",
    )
}

/// An import that fails inside a package: nothing of the user's is wrong but the choice of versions.
fn unfit_package(error: &Exception, seen: &Observation) -> Option<String> {
    let (_, inside) = error.frames.last()?.0.rsplit_once("/site-packages/")?;
    let package = inside.split('/').next()?.trim_end_matches(".py");
    let version = seen.python.as_ref().map_or("", |python| python.minor());
    Some(format!(
        "the package `{package}` does not fit Python {version} or another package: take another version of it"
    ))
}

fn kind_and_message(error: &Exception) -> String {
    let kind = &error.kind;
    let message = error.message.trim();
    if message.is_empty() { format!("`{kind}`") } else { format!("`{kind}`: {message}") }
}

fn any_other(seen: &Observation, stage: Stage, error: &Exception) -> Problem {
    let cause = match (stage, error.kind.as_str()) {
        (Stage::Object, _) => Cause::Factory,
        (Stage::Request, _) => Cause::ServerError,
        (_, "ImportError") => Cause::Import,
        _ => Cause::Raised,
    };
    let problem = Problem::new(cause, format!("{} raises {}", activity(seen, stage), kind_and_message(error)));
    let name = error.message.trim_matches('\'');
    if error.kind == "KeyError" && is_variable_name(name) {
        return problem
            .with_hint(format!("if `{name}` is an app setting, set it; `pystart env` lists those the app gets"));
    }
    if CONNECTIONS.contains(&error.kind.as_str()) {
        return problem.with_hint(
            "what the app connects to while it is loaded does not answer: see to its address and that this container \
             reaches it, or connect when a request needs it",
        );
    }
    problem
}

/// What is raised where a service cannot be reached: by Python itself (`gaierror` for a name), by the drivers of PEP 249, by
/// redis-py, PyMongo and Requests.
const CONNECTIONS: [&str; 8] = [
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "MaxRetryError",
    "OperationalError",
    "ServerSelectionTimeoutError",
    "TimeoutError",
    "gaierror",
];

/// `DATABASE_URL`: a key in capitals is a variable nine times in ten.
fn is_variable_name(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn syntax_error(error: &Exception, context: &Context<'_>) -> Problem {
    let file = shortened(error.file.as_deref().unwrap_or_default(), context.app_root);
    let line = error.line.unwrap_or_default();
    let message = format!("`{file}`, line {line}: syntax error: {}", error.message);
    let source = error.source.clone().unwrap_or_default();
    let lines = vec![Line { file, line, function: "<module>".to_owned(), source }];
    Problem { lines, ..Problem::new(Cause::Syntax, message) }
}

fn worker_class_missing(error: &Exception, context: &Context<'_>) -> Problem {
    // gunicorn puts a whole traceback into the message; its last line is the cause.
    let cause = error.message.trim_end_matches([']', '\n']).lines().last().unwrap_or_default().trim().to_owned();
    let class = error.message.split('\'').nth(1).unwrap_or_default();
    let package = match class.split('.').next().unwrap_or_default() {
        "uvicorn_worker" => "uvicorn-worker",
        module => module,
    };
    let problem = Problem::new(Cause::Worker, format!("the worker class `{class}` cannot be imported: {cause}"));
    if package.is_empty() { problem } else { problem.with_hint(context.packages.how_to_install(package)) }
}

fn name_not_found(seen: &Observation, absent: &Absent) -> Problem {
    let (name, file) = seen.module.as_ref().map_or(("", ""), |module| (&module.name, &module.file));
    let wanted = &absent.wanted;
    let problem = Problem::new(Cause::NameNotFound, format!("module `{name}` has no `{wanted}`: {file}"));
    match absent.present.first() {
        None => problem.with_hint("nothing in it looks like a web app: name the right module in the start command"),
        Some(first) => {
            let names: Vec<_> = absent.present.iter().map(|name| format!("`{name}`")).collect();
            problem.with_hint(format!("it has {}: try `gunicorn '{name}:{first}'`", names.join(", ")))
        }
    }
}

fn interface_mismatch(seen: &Observation) -> Option<Problem> {
    let (object, worker) = (seen.object.as_ref()?, seen.worker.as_ref()?);
    let (kind, class) = (&object.kind, &worker.name);
    match (object.interface, worker.interface) {
        (Calling::Asgi, Calling::Wsgi) => Some(
            Problem::new(
                Cause::Interface,
                format!("the app (`{kind}`) is ASGI, the worker class `{class}` is for WSGI: every request would fail"),
            )
            .with_hint("start it with `-k uvicorn_worker.UvicornWorker` and add `uvicorn-worker` to requirements.txt"),
        ),
        (Calling::Wsgi, Calling::Asgi) => Some(
            Problem::new(
                Cause::Interface,
                format!("the app (`{kind}`) is WSGI, the worker class `{class}` is for ASGI: every request would fail"),
            )
            .with_hint("leave the worker class (`-k`) away"),
        ),
        _ => None,
    }
}

fn timed_out(seen: &Observation, context: &Context<'_>) -> Problem {
    let limit = context.limit_seconds;
    let mut outermost_first = seen.stuck.clone();
    outermost_first.reverse();
    let lines = own_lines(&outermost_first, context);
    let place = lines.last().map(|line| format!(", at `{}` line {}", line.file, line.line)).unwrap_or_default();
    let message = format!("{} is not done after {limit} s{place}", activity(seen, seen.stage));
    let hint = "a server, a bot or a loop belongs behind `if __name__ == \"__main__\":`; if it is only slow, give more \
                time with `--time-limit`";
    Problem { lines, ..Problem::new(Cause::TimedOut, message).with_hint(hint) }
}

fn killed_by_signal(seen: &Observation, signal: i32) -> Problem {
    let name =
        nix::sys::signal::Signal::try_from(signal).map_or_else(|_| signal.to_string(), |signal| signal.to_string());
    let problem = Problem::new(Cause::Killed, format!("{} ended with signal {name}", activity(seen, seen.stage)));
    match name.as_str() {
        "SIGKILL" => problem.with_hint("most often the memory limit of the container: see `dmesg` or raise the limit"),
        "SIGSEGV" | "SIGBUS" | "SIGILL" | "SIGABRT" => problem.with_hint(
            "a package with native code crashed: it may be built for another Python or processor; `pystart build` reinstalls all",
        ),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::observation::{Failure, Frame};
    use super::super::packages::Packages;
    use super::*;

    /// The diagnosis of an exception at a stage, in `/app` with the environment `/app/lib-of-app`.
    fn problem(stage: Stage, chain: Vec<Exception>) -> Problem {
        let packages = Packages { environment: Some("/app/lib-of-app".into()), ..Default::default() };
        let context = Context { app_root: Path::new("/app"), packages: &packages, limit_seconds: 1.0 };
        let seen = Observation { failure: Some(Failure { stage, chain }), ..Observation::default() };
        diagnose(&seen, Ending::Complete, &context).unwrap()
    }

    fn exception(kind: &str, message: &str, files: &[&str]) -> Exception {
        let frame = |(number, file): (u32, &&str)| Frame((*file).to_owned(), number, "f".into(), String::new());
        let frames = (1..).zip(files).map(frame).collect();
        Exception {
            kind: kind.into(),
            home: "builtins".into(),
            message: message.into(),
            frames,
            ..Exception::default()
        }
    }

    fn files(problem: &Problem) -> Vec<&str> {
        problem.lines.iter().map(|line| line.file.as_str()).collect()
    }

    #[test]
    fn where_a_package_raised_the_lines_of_the_exception_before_it_are_shown() {
        let inner = exception("RuntimeError", "x", &["/app/lib-of-app/x.py"]);
        let outer = exception("KeyError", "y", &["/app/settings.py"]);
        assert_eq!(files(&problem(Stage::Module, vec![inner, outer])), ["settings.py"]);
    }

    #[test]
    fn an_import_that_fails_inside_a_package_is_a_matter_of_versions() {
        let frames = ["/app/a.py", "/x/site-packages/flask/app.py"];
        let hint = problem(Stage::Module, vec![exception("ImportError", "x", &frames)]).hint.unwrap();
        assert!(hint.starts_with("the package `flask` does not fit Python"), "{hint}");
        let own = problem(Stage::Module, vec![exception("ImportError", "x", &["/app/a.py"])]);
        assert_eq!((own.cause, own.hint), (Cause::Import, None));
    }

    #[test]
    fn compiled_code_that_is_not_loaded_is_a_matter_of_the_mount() {
        let message = "/app/antenv/x.so: failed to map segment from shared object: Operation not permitted";
        let problem =
            problem(Stage::Module, vec![exception("ImportError", message, &["/x/site-packages/x/__init__.py"])]);
        assert_eq!(problem.cause, Cause::Noexec);
        assert!(problem.message.contains("compiled code in `antenv/x.so`"), "{}", problem.message);
    }

    #[test]
    fn a_service_that_cannot_be_reached_on_import_is_what_the_hint_is_about() {
        for kind in CONNECTIONS {
            let hint = problem(Stage::Module, vec![exception(kind, "refused", &["/app/a.py"])]).hint.unwrap();
            assert!(hint.starts_with("what the app connects to while it is loaded does not answer"), "{kind}: {hint}");
        }
        assert_eq!(problem(Stage::Module, vec![exception("ValueError", "x", &["/app/a.py"])]).hint, None);
    }

    #[test]
    fn a_missing_key_in_capitals_is_taken_for_a_variable() {
        for (key, is_variable) in [("'DATABASE_URL'", true), ("'S3_KEY'", true), ("'ID'", false), ("'name'", false)] {
            let hint = problem(Stage::Module, vec![exception("KeyError", key, &[])]).hint;
            assert_eq!(hint.is_some_and(|hint| hint.contains("app setting")), is_variable, "{key}");
        }
    }

    #[test]
    fn a_worker_class_is_named_with_the_package_that_has_it() {
        for (class, package) in [("uvicorn_worker.UvicornWorker", "uvicorn-worker"), ("gevent.Worker", "gevent")] {
            let message = format!("class uri '{class}' invalid or not found: \n\n[Traceback\nNo module named 'x']");
            let problem = problem(Stage::Worker, vec![exception("RuntimeError", &message, &[])]);
            assert!(problem.hint.unwrap().contains(&format!("`{package}`")), "{class}");
        }
    }

    #[test]
    fn a_syntax_error_without_a_file_is_an_exception_like_any_other() {
        let problem = problem(Stage::Module, vec![exception("SyntaxError", "of eval", &["/app/a.py"])]);
        assert_eq!((problem.cause, files(&problem)), (Cause::Raised, vec!["a.py"]));
    }

    #[test]
    fn signals_that_say_something_come_with_what_they_say() {
        for (signal, part) in
            [(9, Some("memory limit")), (11, Some("native code")), (6, Some("native code")), (15, None)]
        {
            let hint = killed_by_signal(&Observation::default(), signal).hint;
            assert_eq!(hint.is_some(), part.is_some(), "{signal}");
            assert!(hint.unwrap_or_default().contains(part.unwrap_or_default()), "{signal}");
        }
    }
}
