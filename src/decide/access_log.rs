//! How a gunicorn logs requests: `PYSTART_ACCESS_LOG`, as far as the user's own settings leave it to us.

use std::ffi::OsString;

use super::choice::Inputs;
use crate::access_log::{AccessLog, LOGGER_CLASS, MODULE};
use crate::embedded::EmbeddedCopy;
use crate::environ::Environ;
use crate::gunicorn::options::UserOptions;
use crate::model::Notice;

/// Settings of gunicorn each of which says how an access log is written. `statsd_host` chooses a class, too, unless another
/// one is named.
const FORMATS: [&str; 6] =
    ["logger_class", "access_log_format", "logconfig", "logconfig_dict", "logconfig_json", "statsd_host"];

/// What follows for a start.
#[derive(Default)]
pub(super) struct Logged {
    /// Arguments for the front of `GUNICORN_CMD_ARGS`.
    pub(super) extras: Vec<String>,
    /// The module with the logger class, and where it has to be.
    pub(super) module: Option<EmbeddedCopy>,
    /// Why it is not as it was asked for.
    pub(super) notice: Option<Notice>,
}

/// For a gunicorn with these options of the user's.
pub(super) fn access_log(options: &UserOptions, inputs: &Inputs) -> Logged {
    let wanted = inputs.settings.access_log;
    if wanted == AccessLog::Off {
        return Logged::default();
    }
    let mut logged = Logged::default();
    if !options.may_set("accesslog") {
        logged.extras.push("--access-logfile -".into());
    }
    if wanted == AccessLog::Json {
        match module(options, inputs) {
            Ok(module) => {
                logged.extras.push(format!("--logger-class {LOGGER_CLASS}"));
                logged.module = Some(module);
            }
            Err(notice) => logged.notice = Some(notice),
        }
    }
    logged
}

fn module(options: &UserOptions, inputs: &Inputs) -> Result<EmbeddedCopy, Notice> {
    let refused = |why: String, hint: &str| Notice {
        message: format!("the access log is not JSON, which `PYSTART_ACCESS_LOG` asks for: {why}"),
        hint: Some(hint.to_owned()),
    };
    if let Some((name, place)) = FORMATS.iter().find_map(|name| Some((name, options.place(name)?))) {
        return Err(refused(format!("`{name}` in {place} says how it is written"), "say it in one place"));
    }
    if FORMATS.iter().any(|name| options.may_set(name)) {
        let why = "gunicorn's configuration may say how it is written, and cannot be read from here";
        return Err(refused(why.into(), "set `logger_class` there"));
    }
    MODULE
        .place(inputs.files, &inputs.settings.environ)
        .map(|folder| EmbeddedCopy { files: &MODULE, folder })
        .ok_or_else(|| refused("no folder for temporary files can be written".into(), MODULE.remedy))
}

/// Lets Python find the module: behind all that the user has there.
pub(super) fn add_to_path(environ: &mut Environ, module: &EmbeddedCopy) {
    let mut path = environ.filled("PYTHONPATH").map_or_else(OsString::new, |own| {
        let mut own = own.to_owned();
        own.push(":");
        own
    });
    path.push(&module.folder);
    environ.set("PYTHONPATH", path);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::decide::decide;
    use crate::environ::Environ;
    use crate::files::Memory;
    use crate::settings::{Flags, Settings, table};

    /// The arguments by variable, the module path, how many copies have to be made, and the warning.
    fn decided(files: &Memory, vars: &[(&str, &str)]) -> (String, String, usize, String) {
        let environ: Environ = vars.iter().copied().chain([("PATH", "/bin"), ("XDG_RUNTIME_DIR", "/")]).collect();
        let flags = Flags::default().with(&table::APP_ROOT.row, "/site");
        let decision = decide(&Settings::new(flags, &environ, Path::new("/")).unwrap(), files);
        let text = |name| decision.environ.filled(name).unwrap_or_default().to_string_lossy().into_owned();
        let copies = decision.outcome.as_ref().unwrap().copies.len();
        let warning = decision.notices.iter().find(|notice| notice.message.starts_with("the access log is not JSON"));
        let warning = warning.map(|notice| format!("{} ({})", notice.message, notice.hint.as_deref().unwrap()));
        (text("GUNICORN_CMD_ARGS"), text("PYTHONPATH"), copies, warning.unwrap_or_default())
    }

    fn image() -> Memory {
        Memory::default()
            .program("/bin/python3", "")
            .program("/bin/gunicorn", "\x7fELF")
            .file("/site/app.py", "from flask import Flask\napp = Flask(__name__)\n")
    }

    #[test]
    fn json_is_a_logger_class_behind_the_users_own_modules() {
        let files = image().empty("/tmp").writable("/tmp");
        let json = ("PYSTART_ACCESS_LOG", "JSON");
        let arguments = "--access-logfile - --logger-class pystart_access_log.Logger";
        let (given, path, copies, warning) = decided(&files, &[json]);
        assert_eq!((given.as_str(), copies, warning.as_str()), (arguments, 1, ""));
        assert!(path.starts_with("/tmp/pystart-accesslog-"), "{path}");
        let (_, path, ..) = decided(&files, &[json, ("PYTHONPATH", "/mine:/yours")]);
        assert!(path.starts_with("/mine:/yours:/tmp/pystart-accesslog-"), "{path}");
        let own_file = [json, ("GUNICORN_CMD_ARGS", "--access-logfile x.log")];
        assert_eq!(
            decided(&files, &own_file).0,
            "--logger-class pystart_access_log.Logger --access-logfile x.log",
            "where it goes is another matter than how it is written"
        );
    }

    #[test]
    fn what_the_user_says_about_the_format_wins_and_is_named() {
        let files = image().empty("/tmp").writable("/tmp");
        for name in super::FORMATS {
            let files = files.clone().file("/site/gunicorn.conf.py", format!("{name} = x"));
            let (given, path, copies, warning) = decided(&files, &[("PYSTART_ACCESS_LOG", "json")]);
            assert_eq!((given.as_str(), path.as_str(), copies), ("--access-logfile -", "", 0), "{name}");
            assert!(warning.contains(&format!("`{name}` in gunicorn.conf.py says")), "{warning}");
        }
        let unseen = [("PYSTART_ACCESS_LOG", "json"), ("GUNICORN_CMD_ARGS", "-c python:elsewhere")];
        let (given, _, copies, warning) = decided(&files, &unseen);
        assert_eq!((given.as_str(), copies), ("-c python:elsewhere", 0));
        assert!(warning.contains("may say how it is written"), "{warning}");
    }

    #[test]
    fn without_a_folder_for_the_module_the_log_is_gunicorns_own_and_the_reason_is_told() {
        let (given, _, copies, warning) = decided(&image().empty("/tmp"), &[("PYSTART_ACCESS_LOG", "json")]);
        assert_eq!((given.as_str(), copies), ("--access-logfile -", 0));
        assert!(warning.contains("no folder for temporary files can be written (mount a writable"), "{warning}");
    }
}
