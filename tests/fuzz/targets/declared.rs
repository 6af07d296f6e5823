//! Any bytes as the files in which an author declares a start: it is decided, a command is one that was written there, and
//! a process that was asked for is there or it is said that it is not.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pystart::commands::explain::{Report, Style};
use pystart::decide::decide;
use pystart::environ::Environ;
use pystart::files::Memory;
use pystart::model::Step;
use pystart::settings::{Flags, Settings};

const FILES: [&str; 8] = [
    "Procfile",
    ".flaskenv",
    ".env",
    "pyproject.toml",
    "gunicorn.conf.py",
    "build.env",
    "setup.cfg",
    "oryx-manifest.toml",
];

pub fn run(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    let image = Memory::default()
        .program("/bin/sh", "\x7fELF")
        .program("/bin/python3", "\x7fELF")
        .program("/bin/gunicorn", "#!/bin/python3\n")
        .file("/site/hello.py", "from flask import Flask\nmyapp = Flask(__name__)\ndef make():\n    return myapp\n")
        .file("/site/shop/web.py", "from fastapi import FastAPI\napi = FastAPI()\n");
    let given: Vec<(&str, &[u8])> = FILES.into_iter().zip(parts.by_ref()).collect();
    let files = given.iter().fold(image, |files, (name, content)| files.file(Path::new("/site").join(name), content));
    let process = parts.next().unwrap_or_default();
    let environ: Environ = [("HOME_SITE", &b"/site"[..]), ("PATH", b"/bin"), ("PYSTART_PROCESS", process)]
        .into_iter()
        .map(|(name, value)| (OsStr::new(name), OsStr::from_bytes(value)))
        .collect();
    let Ok(settings) = Settings::new(Flags::default(), &environ, Path::new("/")) else { return };
    let decision = decide(&settings, &files);
    if process.is_empty() && decision.step == Step::Declared {
        assert!(given.iter().any(|(_, content)| !content.is_empty()), "nothing declares it");
    }
    let text = Report::new(&decision, &[], None, Vec::new()).to_text(Style::PLAIN, true);
    assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
}
