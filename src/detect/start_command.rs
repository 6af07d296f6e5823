//! The command that starts an app by hand, for people to copy.

use std::ffi::OsString;
use std::path::Path;

use super::project::locate::dotted_name;
use crate::gunicorn::AIOHTTP_WORKER;
use crate::gunicorn::arguments::with_path;
use crate::model::Interface;
use crate::shell::words;

/// The gunicorn command line for an app that is imported from `root`; `asgi_worker` is the worker class for ASGI.
pub(super) fn start_command(
    root: &Path,
    target: &str,
    interface: Interface,
    asgi_worker: &dyn Fn() -> &'static str,
) -> String {
    let folder = (!root.as_os_str().is_empty()).then(|| with_path("--chdir=", root));
    let class = match interface {
        Interface::Wsgi => None,
        Interface::Asgi => Some(asgi_worker()),
        Interface::Aiohttp => Some(AIOHTTP_WORKER),
    };
    let mut argv: Vec<OsString> = ["gunicorn", "--bind=0.0.0.0", "--timeout", "600"].map(OsString::from).into();
    argv.extend(folder);
    argv.extend(class.into_iter().flat_map(|class| ["-k".into(), class.into()]));
    argv.push(target.into());
    words::join(argv).to_string_lossy().into_owned()
}

/// The command that runs a file as a script. A file of a package that is imported from elsewhere needs its package.
pub(super) fn script_command(root: &Path, file: &Path) -> String {
    let path = words::join([OsString::from("python"), file.into()]).to_string_lossy().into_owned();
    match dotted_name(root, file) {
        Some(module) if file.parent() != Some(root) && root.as_os_str().is_empty() => format!("python -m {module}"),
        Some(module) if file.parent() != Some(root) => {
            let folder = words::join([OsString::from("cd"), root.into()]);
            format!("{} && exec python -m {module}", folder.to_string_lossy())
        }
        _ => path,
    }
}
