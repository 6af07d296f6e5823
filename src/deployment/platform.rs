//! What the settings of the platform's own start mean here: facts about its start script, each with the right
//! behaviour where that one is faulty. What the user sets in gunicorn's own ways always wins.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::environ::Environ;
use crate::files::Files;
use crate::gunicorn::options::UserOptions;
use crate::model::Notice;
use crate::settings::{Before, Settings, Workers, Wrapper};
use crate::shell::words;

/// The file in which a deployment may carry its settings, `KEY=VALUE` lines.
const BUILD_ENV: &str = "build.env";

/// The one of them that a start reads.
const PRE_RUN_COMMAND: &str = "PRE_RUN_COMMAND";

/// The settings with those of the platform's start applied; `files` is seen from the folder that the app is in, which
/// `settings` names.
pub(super) fn apply(settings: Settings, files: &dyn Files) -> Settings {
    let settings = with_gunicorn_arguments(settings, files);
    let settings = with_before(settings, files);
    with_remote_debugging(settings)
}

/// Workers, threads and a configuration file, as arguments in front of the user's.
fn with_gunicorn_arguments(mut settings: Settings, files: &dyn Files) -> Settings {
    let environ = &settings.environ;
    let config = environ.filled("PYTHON_USE_GUNICORN_CONFIG_FROM_PATH").map(OsStr::to_owned);
    let is_multi = environ.filled("PYTHON_ENABLE_GUNICORN_MULTIWORKERS").is_some_and(says_yes);
    if config.is_none() && !is_multi {
        return settings;
    }
    let cmd_args = environ.filled("GUNICORN_CMD_ARGS").map(OsStr::to_owned);
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(path) = config {
        if files.is_file(&settings.app_root.join(&path)) {
            arguments.push(words::join([path_option("--config=", &path)]));
        } else {
            settings.notices.push(Notice {
                message: "`PYTHON_USE_GUNICORN_CONFIG_FROM_PATH` names a file that is not there; it is not used".into(),
                hint: Some("give its path from the app root, and deploy it".into()),
            });
        }
    }
    let gather = |arguments: &[OsString]| {
        let joined = joined(arguments, cmd_args.as_deref());
        UserOptions::gather(files, &settings.app_root, &[], Some(&joined))
    };
    let options = gather(&arguments);
    if is_multi {
        let number = |name: &str| settings.environ.filled(name).and_then(positive);
        if let Some(threads) = number("PYTHON_GUNICORN_CUSTOM_THREAD_NUM").filter(|_| !options.may_set("threads")) {
            arguments.push(format!("--threads={threads}").into());
        }
        // The image asks for a number that fits the container; a number of the user's own counts before that.
        let is_open = settings.environ.filled("WEB_CONCURRENCY").is_none() || settings.workers == Workers::Auto;
        match number("PYTHON_GUNICORN_CUSTOM_WORKER_NUM") {
            Some(workers) if is_open => {
                settings.workers = Workers::AsSet;
                settings.environ.set("WEB_CONCURRENCY", workers.to_string());
            }
            None if is_open => settings.workers = Workers::Auto,
            _ => {}
        }
    }
    if !arguments.is_empty() {
        let joined = joined(&arguments, cmd_args.as_deref());
        settings.environ.set("GUNICORN_CMD_ARGS", joined);
    }
    settings
}

fn path_option(option: &str, path: &OsStr) -> OsString {
    let mut whole = OsString::from(option);
    whole.push(path);
    whole
}

fn joined(arguments: &[OsString], own: Option<&OsStr>) -> OsString {
    let all: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).chain(own).collect();
    all.join(OsStr::new(" "))
}

/// As the platform writes it, and as everybody else does.
fn says_yes(value: &OsStr) -> bool {
    matches!(value.to_ascii_lowercase().as_bytes(), b"1" | b"true" | b"t" | b"yes" | b"on")
}

fn positive(value: &OsStr) -> Option<u16> {
    value.to_str()?.parse().ok().filter(|number| *number > 0)
}

/// What runs before the server: if nobody has said so with a setting, what the deployment says. The app's own file
/// counts before the one beside an archive.
fn with_before(mut settings: Settings, files: &dyn Files) -> Settings {
    let roots = [Some(settings.app_root.as_path()), settings.deployed.deployed_into.as_deref()];
    let found: Vec<OsString> = roots.into_iter().flatten().filter_map(|root| pre_run_command(root, files)).collect();
    for text in found {
        match &settings.before {
            None => settings.before = Some(Before { text, from: BUILD_ENV.into() }),
            Some(before) if before.text != text => {
                let notice = Before::notice_of_second(&before.from, BUILD_ENV);
                settings.notices.push(notice);
            }
            Some(_) => {}
        }
    }
    settings
}

fn pre_run_command(root: &Path, files: &dyn Files) -> Option<OsString> {
    let text = files.notable(root, BUILD_ENV)?;
    let environ: Environ = text.split(|byte| *byte == b'\n').filter_map(assignment).collect();
    environ.filled(PRE_RUN_COMMAND).map(OsStr::to_owned)
}

/// `KEY=VALUE`; quotes around the whole value are not part of it.
fn assignment(line: &[u8]) -> Option<(&OsStr, &OsStr)> {
    let line = line.trim_ascii();
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (line[..equals].trim_ascii(), line[equals + 1..].trim_ascii());
    let bare = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        value => value,
    };
    (!name.starts_with(b"#")).then_some((OsStr::from_bytes(name), OsStr::from_bytes(bare)))
}

/// The platform's debugger is a wrapper like any other; one that the user has set counts.
fn with_remote_debugging(mut settings: Settings) -> Settings {
    let environ = &settings.environ;
    let is_on = |name: &str| environ.filled(name).is_some_and(says_yes);
    if settings.wrapper.is_some() || !is_on("APPSVC_REMOTE_DEBUGGING") {
        return settings;
    }
    let Some(port) = environ.filled("APPSVC_TUNNEL_PORT").and_then(positive) else {
        settings.notices.push(Notice {
            message: "no remote debugging: `APPSVC_TUNNEL_PORT` is no port".into(),
            hint: Some("it is set by the platform when a debugger is attached".into()),
        });
        return settings;
    };
    let waits = if is_on("APPSVC_REMOTE_DEBUGGING_BREAK") { " --wait-for-client" } else { "" };
    let text = format!("python -m debugpy --listen 0.0.0.0:{port}{waits}");
    settings.wrapper = Some(Wrapper { text: text.into(), from: "APPSVC_REMOTE_DEBUGGING".into() });
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;
    use crate::settings::Flags;

    fn applied(files: &Memory, vars: &[(&str, &str)]) -> Settings {
        let environ = [("HOME_SITE", "/site")].iter().chain(vars).copied().collect();
        apply(Settings::new(Flags::default(), &environ, Path::new("/")).unwrap(), files)
    }

    fn cmd_args(files: &Memory, vars: &[(&str, &str)]) -> String {
        applied(files, vars).environ.get("GUNICORN_CMD_ARGS").unwrap_or_default().to_string_lossy().into_owned()
    }

    const MULTI: (&str, &str) = ("PYTHON_ENABLE_GUNICORN_MULTIWORKERS", "True");

    #[test]
    fn workers_and_threads_are_those_of_the_platforms_settings_unless_gunicorns_own_say_otherwise() {
        let files = Memory::default().file("/site/app.py", "");
        let threads = ("PYTHON_GUNICORN_CUSTOM_THREAD_NUM", "3");
        let workers = ("PYTHON_GUNICORN_CUSTOM_WORKER_NUM", "5");
        assert_eq!(cmd_args(&files, &[MULTI, threads]), "--threads=3");
        assert_eq!(cmd_args(&files, &[MULTI, threads, ("GUNICORN_CMD_ARGS", "--threads 2")]), "--threads 2");
        let conf = files.clone().file("/site/gunicorn.conf.py", "threads = 2\n");
        assert_eq!(cmd_args(&conf, &[MULTI, threads]), "");
        assert_eq!(cmd_args(&files, &[threads]), "", "only with the setting that turns it on");
        let web = |vars: &[(&str, &str)]| {
            let settings = applied(&files, vars);
            (settings.environ.get("WEB_CONCURRENCY").map(OsStr::to_owned), settings.workers)
        };
        assert_eq!(web(&[MULTI]), (None, Workers::Auto));
        assert_eq!(web(&[MULTI, workers]), (Some("5".into()), Workers::AsSet));
        assert_eq!(web(&[MULTI, workers, ("WEB_CONCURRENCY", "auto")]), (Some("5".into()), Workers::AsSet));
        assert_eq!(web(&[MULTI, workers, ("WEB_CONCURRENCY", "2")]), (Some("2".into()), Workers::AsSet));
        assert_eq!(web(&[workers]), (None, Workers::AsSet));
        assert_eq!(web(&[("PYTHON_ENABLE_GUNICORN_MULTIWORKERS", "no panic")]), (None, Workers::AsSet));
    }

    #[test]
    fn a_configuration_file_is_used_if_it_is_there() {
        let files = Memory::default().file("/site/conf/my conf.py", "");
        let given = |path: &'static str| [("PYTHON_USE_GUNICORN_CONFIG_FROM_PATH", path)];
        assert_eq!(cmd_args(&files, &given("conf/my conf.py")), "'--config=conf/my conf.py'");
        let missing = applied(&files, &given("other.py"));
        assert_eq!(missing.environ.get("GUNICORN_CMD_ARGS"), None);
        assert!(missing.notices[0].message.contains("not there"));
    }

    #[test]
    fn the_command_before_is_the_settings_then_the_apps_and_a_second_one_is_told_of() {
        let text = "# PRE_RUN_COMMAND=no\nOTHER=1\r\nPRE_RUN_COMMAND = \"python manage.py migrate\"\r\n";
        let files = Memory::default().file("/site/build.env", text);
        let before = applied(&files, &[]).before.unwrap();
        assert_eq!((before.text.to_str().unwrap(), before.from.as_str()), ("python manage.py migrate", BUILD_ENV));
        let settings = applied(&files, &[("PRE_RUN_COMMAND", "x")]);
        assert_eq!(settings.before.unwrap().text, "x");
        assert!(settings.notices[0].message.contains("`PRE_RUN_COMMAND`"));
        let both = applied(&Memory::default(), &[("PRE_RUN_COMMAND", "x"), ("PYSTART_BEFORE", "y")]);
        assert_eq!((both.before.unwrap().text, both.notices.len()), ("y".into(), 1));
        let same = applied(&Memory::default(), &[("PRE_RUN_COMMAND", "x"), ("PYSTART_BEFORE", "x")]);
        assert_eq!((same.before.unwrap().text, same.notices.len()), ("x".into(), 0));
    }

    #[test]
    fn remote_debugging_is_a_wrapper() {
        let files = Memory::default();
        let on = [("APPSVC_REMOTE_DEBUGGING", "TRUE"), ("APPSVC_TUNNEL_PORT", "49494")];
        let text = |vars: &[(&str, &str)]| applied(&files, vars).wrapper.map(|wrapper| wrapper.text);
        assert_eq!(text(&on), Some("python -m debugpy --listen 0.0.0.0:49494".into()));
        let waits = [on[0], on[1], ("APPSVC_REMOTE_DEBUGGING_BREAK", "1")];
        assert_eq!(text(&waits), Some("python -m debugpy --listen 0.0.0.0:49494 --wait-for-client".into()));
        assert_eq!(text(&[on[0], on[1], ("PYSTART_WITH", "ddtrace-run")]), Some("ddtrace-run".into()));
        assert_eq!((text(&on[..1]), text(&on[1..])), (None, None));
    }
}
