//! Any bytes as `GUNICORN_CMD_ARGS` and as the configuration file, with the line between them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pystart::files::Memory;
use pystart::gunicorn::arguments::documented;
use pystart::gunicorn::options::UserOptions;

pub fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, configuration) = data.split_at(end);
    let files = Memory::default().file("/site/gunicorn.conf.py", configuration).file("/site/c.py", configuration);
    let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::from_bytes(line)));
    let words = documented(&options, Some(80), Path::new("src"), None);
    assert_eq!(words.iter().any(|word| word == "--timeout"), !options.may_set("timeout"));
}
