//! Django's `collectstatic`, as the platform's build does it: files for browsers are put where the server finds them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::step::Step;
use crate::environ::Environ;
use crate::files::Files;

/// Turns it off.
pub(super) const VARIABLE: &str = "DISABLE_COLLECTSTATIC";

/// Settings that ask a database which is not there yet may wait for ever.
pub(super) const LIMIT: Duration = Duration::from_mins(2);

/// What Django prints where there is nothing to collect for: no `STATIC_ROOT`, or no `django.contrib.staticfiles`.
const NOT_MEANT: [&str; 2] = ["without having set the STATIC_ROOT setting", "Unknown command: 'collectstatic'"];

/// The folder with `manage.py`: that of the app or one above it.
#[must_use]
pub(super) fn folder(folders: &[PathBuf], files: &dyn Files) -> Option<PathBuf> {
    folders.iter().find(|folder| files.is_file(&folder.join("manage.py"))).cloned()
}

/// Was it turned off? Any value but those of a switch that is off counts, as on the platform.
#[must_use]
pub(super) fn is_off(environ: &Environ) -> bool {
    let value = environ.filled(VARIABLE).map(|value| value.to_string_lossy().to_ascii_lowercase());
    value.is_some_and(|value| !matches!(&*value, "0" | "false" | "no" | "off"))
}

/// The command, with the interpreter of this environment; no byte code is left beside the sources.
pub(super) fn step(environment: &Path, folder: &Path) -> Step {
    let mut step =
        Step::new(&environment.join("bin/python"), ["manage.py", "collectstatic", "--noinput"]).in_folder(folder);
    step.variables.push(("PYTHONDONTWRITEBYTECODE", "1".into()));
    step
}

/// Does the output say that there is nothing to collect for?
#[must_use]
pub(super) fn is_not_meant(output: &str) -> bool {
    NOT_MEANT.iter().any(|sign| output.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    #[test]
    fn manage_py_is_looked_for_upwards() {
        let files = Memory::default().file("/r/backend/manage.py", "").file("/r/manage.py", "");
        let folders = ["/r/backend/config", "/r/backend", "/r"].map(PathBuf::from);
        assert_eq!(folder(&folders, &files), Some("/r/backend".into()));
        assert_eq!(folder(&folders[2..], &files), Some("/r".into()));
        assert_eq!(folder(&folders[..1], &files), None);
    }

    #[test]
    fn any_value_turns_it_off_but_that_of_an_off_switch() {
        let set = |value: &str| is_off(&[(VARIABLE, value)].into_iter().collect());
        assert!(set("1") && set("true") && set("please"));
        assert!(!set("") && !set("0") && !set("False") && !set("no") && !set("off"));
    }

    #[test]
    fn a_site_that_has_nothing_to_collect_is_no_failure() {
        let root = "django.core.exceptions.ImproperlyConfigured: You're using the staticfiles app without having set the \
                    STATIC_ROOT setting to a filesystem path.";
        assert!(is_not_meant(root) && is_not_meant("Unknown command: 'collectstatic'\nType 'manage.py help'"));
        assert!(!is_not_meant("django.db.utils.OperationalError: could not connect"));
    }
}
