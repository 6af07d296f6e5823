//! Any bytes as the settings and the files of a start: it is decided, and `explain --json` is JSON.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pystart::commands::explain::Report;
use pystart::decide::decide;
use pystart::environ::Environ;
use pystart::files::Memory;
use pystart::settings::{Flags, Settings};

const VARIABLES: [&str; 7] =
    ["PYSTART_COMMAND", "GUNICORN_CMD_ARGS", "VIRTUAL_ENV", "PATH", "PORT", "WEB_CONCURRENCY", "PYTHONPATH"];
const FILES: [&str; 6] = [
    "/site/startup.sh",
    "/site/startup.txt",
    "/site/Procfile",
    "/site/gunicorn.conf.py",
    "/site/app.py",
    "/site/shop/wsgi.py",
];

pub fn run(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    let root = ("HOME_SITE", OsStr::new("/site"));
    let given = VARIABLES.iter().zip(parts.by_ref()).map(|(name, value)| (*name, OsStr::from_bytes(value)));
    let environ: Environ = given.chain([root]).map(|(name, value)| (OsStr::new(name), value)).collect();
    let image = Memory::default()
        .program("/bin/sh", "\x7fELF")
        .program("/bin/python3", "\x7fELF")
        .program("/bin/gunicorn", "#!/bin/python3\n")
        .empty("/site");
    let files = FILES.iter().zip(parts).fold(image, |files, (path, content)| files.file(path, content));
    let Ok(settings) = Settings::new(Flags::default(), &environ, Path::new("/")) else { return };
    let decision = decide(&settings, &files);
    let text = Report::new(&decision, &[], None, Vec::new()).to_json();
    serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON");
}
