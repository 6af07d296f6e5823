//! An image in memory, and what is decided in it: no process and no disk is involved.

use std::path::Path;

use pystart::cli::Call;
use pystart::decide::{Decision, decide};
use pystart::files::Memory;
use pystart::settings::Settings;

pub(crate) const PACKAGES: &str = "/usr/lib/python3.12/site-packages";

/// Python 3.12, a shell, some server, and an empty app root.
pub(crate) fn image() -> Memory {
    Memory::default()
        .program("/usr/bin/python3.12", "\x7fELF")
        .program("/usr/bin/python3", "\x7fELF")
        .dead_link("/usr/bin/python3", "python3.12")
        .program("/usr/bin/server", "\x7fELF")
        .program("/bin/sh", "\x7fELF")
        .file("/opt/defaultsite/application.py", "")
        .empty("/site")
}

/// With gunicorn; the release as `27, 0`.
pub(crate) fn with_gunicorn(image: Memory, release: &str) -> Memory {
    image
        .program("/usr/bin/gunicorn", "#!/usr/bin/python3\n")
        .file(format!("{PACKAGES}/gunicorn/__init__.py"), format!("version_info = ({release}, 0)\n"))
}

/// What `pystart run` with these words decides there.
pub(crate) fn decided<'a>(
    image: &Memory,
    vars: impl IntoIterator<Item = (&'a str, &'a str)>,
    words: impl IntoIterator<Item = &'a str>,
) -> Decision {
    let words: Vec<_> = std::iter::once("run").chain(words).map(Into::into).collect();
    let Call::Run(flags) = Call::parse(&words) else { panic!("{words:?}") };
    let usual = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site"), ("XDG_RUNTIME_DIR", "/run")];
    let environ = usual.into_iter().chain(vars).collect();
    decide(&Settings::new(flags, &environ, Path::new("/")).unwrap(), image)
}
