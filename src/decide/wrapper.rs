//! A program in front of what was decided: a profiler, a tracer, a debugger (`PYSTART_WITH`).
//!
//! There are two kinds. A program takes the whole command behind it: `ddtrace-run gunicorn ...`. A module takes over the
//! interpreter (`python -m debugpy ...`): behind it stands what the interpreter would have got, a script's path or
//! `-m gunicorn`, without a second `python`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::choice::Inputs;
use crate::error::{Failure, status};
use crate::gunicorn::script_interpreter;
use crate::model::{Launch, Notice};
use crate::shell::words;

/// Puts the wrapper in front of a start. One that cannot be used is a warning, and the app starts without it.
///
/// # Errors
///
/// The same, where everything is to be strict.
pub(super) fn wrap(mut launch: Launch, inputs: &Inputs) -> Result<(Launch, Option<Notice>), Failure> {
    let Some(wrapper) = &inputs.settings.wrapper else { return Ok((launch, None)) };
    let words = words::split(&wrapper.text).map(|split| split.words).unwrap_or_default();
    let command = match words.as_slice() {
        [] => Err("it cannot be split into words".to_owned()),
        [python, option, module, arguments @ ..] if is_python(python) && option == "-m" => {
            in_module(&launch, module, arguments, inputs)
        }
        [program, arguments @ ..] => in_program(&launch, program, arguments, inputs),
    };
    match command {
        Ok((program, argv)) => {
            (launch.program, launch.argv) = (program, argv);
            Ok((launch, None))
        }
        Err(why) => {
            let message = format!("`{}` is not used: {why}", wrapper.from);
            let hint = "add its package to requirements.txt and build the environment, or unset it";
            if inputs.settings.strict {
                return Err(Failure::usage(message).with_status(status::NOT_FOUND).with_hint(hint));
            }
            Ok((launch, Some(Notice { message, hint: Some(hint.into()) })))
        }
    }
}

type Command = (PathBuf, Vec<OsString>);

fn in_program(launch: &Launch, name: &OsStr, arguments: &[OsString], inputs: &Inputs) -> Result<Command, String> {
    let found = inputs.files.program(name, &inputs.python.search_path());
    let own = inputs.settings.app_root.join(name);
    let program = found.or_else(|| inputs.files.is_file(&own).then_some(own));
    let program = program.ok_or_else(|| format!("there is no program `{}`", name.display()))?;
    let is_script = inputs.files.read(&program).is_ok_and(|content| content.starts_with(b"#!"));
    // A console script of an environment that was moved: its first line leads nowhere.
    let interpreter = (is_script && script_interpreter(inputs.files, &program).is_none())
        .then(|| inputs.python.interpreter().map(|interpreter| interpreter.path.clone()))
        .flatten();
    let mut argv: Vec<OsString> = Vec::new();
    argv.extend(interpreter.clone().map(PathBuf::into_os_string));
    argv.push(if interpreter.is_some() { program.clone().into() } else { name.to_owned() });
    argv.extend(arguments.iter().cloned());
    argv.push(launch.program.clone().into());
    argv.extend(launch.argv.iter().skip(1).cloned());
    Ok((interpreter.unwrap_or(program), argv))
}

fn in_module(launch: &Launch, module: &OsStr, arguments: &[OsString], inputs: &Inputs) -> Result<Command, String> {
    let shown = module.display();
    let name = module.to_string_lossy().split('.').next().unwrap_or_default().to_owned();
    let mut folders = inputs.python.packages();
    folders.extend(inputs.python.image_packages());
    let is_installed = folders.iter().any(|folder| {
        inputs.files.is_folder(&folder.join(&name)) || inputs.files.is_file(&folder.join(format!("{name}.py")))
    });
    if !is_installed {
        return Err(format!("there is no module `{shown}`"));
    }
    // The interpreter that runs it already, or the one that would have to run its script.
    let (interpreter, rest): (PathBuf, Vec<OsString>) = if is_python(launch.program.as_os_str()) {
        (launch.program.clone(), launch.argv.iter().skip(1).cloned().collect())
    } else if launch.program.file_name() == Some(OsStr::new("gunicorn")) {
        let of_script = script_interpreter(inputs.files, &launch.program).filter(|path| is_python(path.as_os_str()));
        let own = || inputs.python.interpreter().map(|interpreter| interpreter.path.clone());
        let interpreter = of_script.or_else(own).ok_or("there is no Python")?;
        let words = ["-m", "gunicorn"].map(OsString::from).into_iter().chain(launch.argv.iter().skip(1).cloned());
        (interpreter, words.collect())
    } else {
        return Err(format!("`{}` is not run by Python", launch.program.display()));
    };
    let mut argv: Vec<OsString> = vec![interpreter.clone().into(), "-m".into(), module.to_owned()];
    argv.extend(arguments.iter().cloned());
    argv.extend(rest);
    Ok((interpreter, argv))
}

fn is_python(word: &OsStr) -> bool {
    let name = Path::new(word).file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|letter| letter.is_ascii_digit() || letter == '.'))
}

#[cfg(test)]
mod tests {
    use crate::decide::{Decision, decide};
    use crate::files::Memory;
    use crate::settings::{Flags, Settings};

    fn image() -> Memory {
        Memory::default()
            .program("/bin/python3", "\x7fELF")
            .dead_link("/bin/python3", "python3.12")
            .program("/bin/python3.12", "\x7fELF")
            .program("/bin/gunicorn", "#!/bin/python3.12\n")
            .program("/bin/sh", "\x7fELF")
            .program("/bin/ddtrace-run", "#!/gone/python\n")
            .program("/bin/tracer", "\x7fELF")
            .empty("/lib/python3.12/site-packages/debugpy")
            .file("/site/app.py", "from flask import Flask\napp = Flask(__name__)\n")
    }

    fn decided(with: &str, command: &[&str], strict: &str) -> Decision {
        let vars = [("PATH", "/bin"), ("HOME_SITE", "/site"), ("PYSTART_WITH", with), ("PYSTART_STRICT", strict)];
        let settings =
            Settings::new(Flags::of_command(command), &vars.into_iter().collect(), std::path::Path::new("/")).unwrap();
        decide(&settings, &image())
    }

    fn line(with: &str, command: &[&str]) -> String {
        let launch = decided(with, command, "0").outcome.unwrap();
        let words: Vec<_> = launch.argv.iter().map(|word| word.to_string_lossy()).collect();
        format!("{}: {}", launch.program.display(), words.join(" "))
    }

    #[test]
    fn a_program_takes_the_whole_command_and_a_module_takes_over_the_interpreter() {
        let rows: [(&str, &[&str], &str); 7] = [
            ("tracer -m x", &["gunicorn", "app:app"], "/bin/tracer: tracer -m x /bin/gunicorn app:app"),
            ("python3 -X dev", &["python3", "run.py"], "/bin/python3: python3 -X dev /bin/python3 run.py"),
            ("tracer --all", &["gunicorn", "app:app"], "/bin/tracer: tracer --all /bin/gunicorn app:app"),
            (
                "ddtrace-run",
                &["gunicorn", "app:app"],
                "/bin/python3: /bin/python3 /bin/ddtrace-run /bin/gunicorn app:app",
            ),
            (
                "python -m debugpy --listen 0.0.0.0:1",
                &["gunicorn", "app:app"],
                "/bin/python3.12: /bin/python3.12 -m debugpy --listen 0.0.0.0:1 -m gunicorn app:app",
            ),
            ("python3 -m debugpy", &["python3", "run.py", "x"], "/bin/python3: /bin/python3 -m debugpy run.py x"),
            ("tracer", &["sh", "-c", "x"], "/bin/tracer: tracer /bin/sh -c x"),
        ];
        for (with, command, expected) in rows {
            assert_eq!(line(with, command), expected, "{with}");
        }
    }

    #[test]
    fn one_that_is_not_installed_is_a_warning_unless_strict() {
        for (with, command) in [
            ("no-such", &["gunicorn", "app:app"][..]),
            ("python -m nothing", &["gunicorn", "app:app"]),
            ("python -m debugpy", &["sh", "-c", "x"]),
            ("'open", &["gunicorn", "app:app"]),
        ] {
            let without = line("", command);
            assert_eq!(line(with, command), without, "{with}");
            let notices = decided(with, command, "0").notices;
            assert!(notices.iter().any(|notice| notice.message.contains("`PYSTART_WITH` is not used")), "{with}");
            assert_eq!(decided(with, command, "1").outcome.unwrap_err().status, 127, "{with}");
        }
    }
}
