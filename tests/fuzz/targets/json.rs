//! Any bytes as the app root, a command, a folder and a file: `explain --json` is JSON and gives the bytes back, and the
//! text for people is free of control characters.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pystart::commands::explain::{Report, Style};
use pystart::decide::decide;
use pystart::environ::Environ;
use pystart::files::Memory;
use pystart::settings::{Flags, Settings};
use serde_json::Value;

use super::printable::original;

pub fn run(data: &[u8]) {
    // A path and a variable hold no NUL byte.
    let mut parts = data.split(|byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let name: Vec<u8> = next().iter().copied().filter(|byte| *byte != b'/').collect();
    if name.is_empty() || name == b"." || name == b".." {
        return;
    }
    let root = Path::new("/srv").join(OsStr::from_bytes(&name));
    let (command, folder, file) = (next(), next(), next());
    let mut files = Memory::default().program("/bin/sh", "\x7fELF").program("/bin/python3", "\x7fELF").empty(&root);
    for (part, file_name) in [(folder, "wsgi.py"), (file, "app.py"), (&[][..], "app.py")] {
        let part = root.join(OsStr::from_bytes(part)).join(file_name);
        if part.starts_with(&root) {
            files = files.file(part, "from flask import Flask\napp = application = Flask(__name__)\n");
        }
    }
    let environ: Environ = [
        ("HOME_SITE", root.as_os_str()),
        ("PATH", OsStr::new("/bin")),
        ("PYSTART_COMMAND", OsStr::from_bytes(command)),
        ("VIRTUAL_ENV", OsStr::from_bytes(folder)),
    ]
    .into_iter()
    .map(|(name, value)| (OsStr::new(name), value))
    .collect();
    let Ok(settings) = Settings::new(Flags::default(), &environ, Path::new("/")) else { return };
    let report = Report::new(&decide(&settings, &files), &[], None, Vec::new());
    let value: Value = serde_json::from_str(&report.to_json()).expect("it is JSON");
    let shown = value["app_root"].as_str().expect("a root is always told");
    assert_eq!(original(shown, root.to_str().is_some()), root.as_os_str().as_bytes());
    let text = report.to_text(Style::PLAIN, true);
    assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
}
