//! gunicorn's command line and variables: the documented ones, less what the user has set.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Version;
use super::options::UserOptions;
use crate::environ::Environ;
use crate::files::{Access, Files};
use crate::model::WebApp;

/// Where gunicorn's workers touch their heartbeat file: memory, since a disk that stalls makes the master kill
/// workers that are well (gunicorn FAQ, "How do I avoid Gunicorn excessively blocking in os.fchmod?").
const WORKER_TMP_DIR: &str = "/dev/shm";

/// The options in front of the app: address, time limit, folder, worker class.
///
/// 600 seconds is the platform's documented limit. A default that the user has set elsewhere is left out, since the
/// command line would win over it.
#[must_use]
pub fn documented(user: &UserOptions, port: Option<u16>, folder: &Path, worker_class: Option<&str>) -> Vec<OsString> {
    let mut arguments = common(user, port);
    if !folder.as_os_str().is_empty() && !user.sets("chdir") {
        arguments.push(with_path("--chdir=", folder));
    }
    if let Some(class) = worker_class.filter(|_| !user.sets("worker_class")) {
        arguments.extend(["-k".into(), class.into()]);
    }
    arguments
}

/// An option and the path behind it, as one word.
#[must_use]
pub fn with_path(option: &str, path: &Path) -> OsString {
    let mut word = OsString::from(option);
    word.push(path);
    word
}

/// The address and the time limit. Where the configuration may set them unseen they are left to it: gunicorn's command
/// line and `GUNICORN_CMD_ARGS` would both win over it.
#[must_use]
pub fn common(user: &UserOptions, port: Option<u16>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    if !user.may_set("bind") {
        arguments.push(port.map_or_else(|| "--bind=0.0.0.0".into(), |port| format!("--bind=0.0.0.0:{port}").into()));
    }
    if !user.may_set("timeout") {
        arguments.extend(["--timeout".into(), "600".into()]);
    }
    arguments
}

/// `module` or `module:object`.
#[must_use]
pub fn target(app: &WebApp) -> String {
    match &app.object {
        Some(object) => format!("{}:{object}", app.module),
        None => app.module.clone(),
    }
}

/// What makes gunicorn at home in a container, where the user did not choose: for the front of `GUNICORN_CMD_ARGS`,
/// so that anything the user says in there comes later and wins.
#[must_use]
pub fn container_extras(
    files: &dyn Files,
    user: &UserOptions,
    environ: &Environ,
    root: &Path,
    version: impl FnOnce() -> Option<Version>,
) -> Vec<String> {
    let mut extras = Vec::new();
    let shm = Path::new(WORKER_TMP_DIR);
    if !user.may_set("worker_tmp_dir") && files.is_folder(shm) && files.may(shm, Access::Write) {
        extras.push("--worker-tmp-dir /dev/shm".to_owned());
    }
    let has_chosen = user.may_set("control_socket") || user.may_set("control_socket_disable");
    // The version is asked last: finding it out costs a file.
    if !has_chosen && !can_have_control_socket(files, environ, root) && version() >= Some((25, 1)) {
        extras.push("--no-control-socket".to_owned());
    }
    extras
}

/// Can gunicorn make its control socket? Since 25.1 it does so unasked, in `$XDG_RUNTIME_DIR` or `$HOME/.gunicorn`,
/// and logs an error at every start where it cannot. Below `/home` the folder may be a network share that all
/// instances have in common, where a socket would be everybody's.
fn can_have_control_socket(files: &dyn Files, environ: &Environ, root: &Path) -> bool {
    let runtime = environ.filled("XDG_RUNTIME_DIR").map(Path::new).filter(|folder| files.is_folder(folder));
    if let Some(runtime) = runtime {
        return files.may(runtime, Access::Write);
    }
    let Some(home) = environ.filled("HOME").map(PathBuf::from) else { return false };
    let is_shared = root.starts_with("/home/site") && home.starts_with("/home");
    let folder = home.join(".gunicorn");
    let folder = if files.is_folder(&folder) { folder } else { home };
    !is_shared && files.may(&folder, Access::Write)
}

/// Puts the extras in front of what is there.
#[must_use]
pub fn prepend(extras: &[String], cmd_args: Option<&OsStr>) -> OsString {
    let mut joined = OsString::from(extras.join(" "));
    if let Some(own) = cmd_args {
        joined.push(" ");
        joined.push(own);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn user(cmd_args: &str) -> UserOptions {
        UserOptions::gather(&Memory::default(), Path::new("/site"), &[], Some(OsStr::new(cmd_args)))
    }

    #[test]
    fn the_command_line_is_the_documented_one_when_nothing_is_set() {
        let none = UserOptions::default();
        assert_eq!(documented(&none, None, Path::new(""), None), ["--bind=0.0.0.0", "--timeout", "600"]);
        let all = documented(&none, Some(81), Path::new("src"), Some("asgi"));
        assert_eq!(all, ["--bind=0.0.0.0:81", "--timeout", "600", "--chdir=src", "-k", "asgi"]);
    }

    #[test]
    fn what_the_user_has_set_is_left_out() {
        let chosen = user("-b 1.2.3.4:5 -t 30 --chdir x -k gevent");
        assert!(documented(&chosen, Some(81), Path::new("src"), Some("asgi")).is_empty());
    }

    #[test]
    fn what_the_configuration_may_set_unseen_is_left_to_it() {
        let unseen = user("-c python:elsewhere");
        assert_eq!(documented(&unseen, Some(81), Path::new("src"), Some("asgi")), ["--chdir=src", "-k", "asgi"]);
        let known = user("-c python:elsewhere -b x");
        assert!(unseen.leaves_bind_open() && !known.leaves_bind_open() && !user("").leaves_bind_open());
        let shm = Memory::default().empty("/dev/shm").writable("/dev/shm");
        assert!(extras(&shm, &unseen, &[("HOME", "/")], (27, 0)).is_empty());
    }

    fn extras(files: &Memory, user: &UserOptions, vars: &[(&str, &str)], version: Version) -> Vec<String> {
        let environ = vars.iter().copied().collect();
        container_extras(files, user, &environ, Path::new("/home/site/wwwroot"), || Some(version))
    }

    #[test]
    fn the_heartbeat_is_in_memory_where_that_can_be_written() {
        let shm = Memory::default().empty("/dev/shm").writable("/dev/shm");
        let home = [("XDG_RUNTIME_DIR", "/dev/shm")];
        assert_eq!(extras(&shm, &user(""), &home, (20, 1)), ["--worker-tmp-dir /dev/shm"]);
        assert!(extras(&shm, &user("--worker-tmp-dir /x"), &home, (20, 1)).is_empty());
        assert!(extras(&Memory::default().empty("/dev/shm"), &user(""), &home, (20, 1)).is_empty());
        assert!(extras(&Memory::default().writable("/dev/shm"), &user(""), &home, (20, 1)).is_empty());
    }

    #[test]
    fn the_control_socket_is_off_where_it_cannot_be_made_and_gunicorn_knows_the_option() {
        let files = Memory::default().empty("/root").empty("/run/me").writable("/root").writable("/home/me");
        let off = ["--no-control-socket"];
        let none: [&str; 0] = [];
        assert_eq!(extras(&files, &user(""), &[("HOME", "/")], (25, 1)), off);
        assert_eq!(extras(&files, &user(""), &[], (27, 0)), off);
        assert_eq!(extras(&files, &user(""), &[("HOME", "/home/me")], (27, 0)), off, "a shared home");
        assert_eq!(extras(&files, &user(""), &[("HOME", "/root"), ("XDG_RUNTIME_DIR", "/run/me")], (27, 0)), off);
        assert_eq!(extras(&files, &user(""), &[("HOME", "/root")], (27, 0)), none);
        assert_eq!(extras(&files, &user(""), &[("HOME", "/")], (25, 0)), none, "25.0 does not know the option");
        let elsewhere = |vars: &[(&str, &str)]| {
            let files = files.clone().empty("/root/.gunicorn").writable("/run/gone");
            let environ = vars.iter().copied().collect();
            container_extras(&files, &user(""), &environ, Path::new("/site"), || Some((27, 0)))
        };
        assert_eq!(elsewhere(&[("HOME", "/home/me")]), none, "a home of its own: the app is not on the share");
        assert_eq!(elsewhere(&[("HOME", "/root")]), off, "the socket's folder is there and cannot be written");
        assert_eq!(elsewhere(&[("HOME", "/"), ("XDG_RUNTIME_DIR", "/run/gone")]), off, "gunicorn goes on with HOME");
        assert_eq!(extras(&files, &user("--control-socket /x"), &[("HOME", "/")], (27, 0)), none);
    }

    #[test]
    fn extras_stand_in_front_of_the_users_own() {
        assert_eq!(
            prepend(&["--a".to_owned(), "--b".to_owned()], Some(OsStr::new("--own 'x y'"))),
            "--a --b --own 'x y'"
        );
        assert_eq!(prepend(&["--a".to_owned()], None), "--a");
    }
}
