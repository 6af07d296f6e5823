//! Any bytes as what a virtual environment consists of: `pyvenv.cfg`, the link of its interpreter, a console script, the
//! name of a version, `VIRTUAL_ENV`, `PATH` and `PYTHONPATH`. The user's search path stays, at its end.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pystart::decide::decide;
use pystart::environ::Environ;
use pystart::files::Memory;
use pystart::python::environment::Python;
use pystart::settings::{Flags, Settings};

pub fn run(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (cfg, link, script, version) = (next(), next(), next(), next());
    let (active, path, user_packages) = (next(), next(), next());
    let mut files = Memory::default()
        .program("/bin/python3", "\x7fELF")
        .file("/site/app.py", "from flask import Flask\napp = Flask(__name__)\n")
        .file("/site/other/pyvenv.cfg", cfg)
        .program("/site/other/bin/gunicorn", script)
        .dead_link("/site/other/bin/python", Path::new(OsStr::from_bytes(link)));
    if let Ok(version) = str::from_utf8(version)
        && !version.contains('/')
    {
        files = files.file(format!("/site/other/lib/python3.{version}/site-packages/gunicorn/__init__.py"), script);
    }
    let variables =
        [("HOME_SITE", &b"/site"[..]), ("VIRTUAL_ENV", active), ("PATH", path), ("PYTHONPATH", user_packages)];
    let environ: Environ =
        variables.into_iter().map(|(name, value)| (OsStr::new(name), OsStr::from_bytes(value))).collect();
    let python = Python::find(&files, Path::new("/site"), &environ);
    let mut entered = environ.clone();
    python.enter(&mut entered, true);
    for (name, own) in [("PATH", path), ("PYTHONPATH", user_packages)] {
        let value = entered.get(name).unwrap_or_default().as_bytes();
        let is_kept = if name == "PATH" { value.ends_with(own) } else { value.starts_with(own) };
        assert!(is_kept, "{name}: {value:?}");
    }
    let Ok(settings) = Settings::new(Flags::default(), &environ, Path::new("/")) else { return };
    let _ = decide(&settings, &files);
}
