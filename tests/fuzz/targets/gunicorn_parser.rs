//! Any text as `GUNICORN_CMD_ARGS`: what is set is what gunicorn's own parser sets.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::path::Path;

use pystart::files::Memory;
use pystart::gunicorn::options::UserOptions;
use serde_json::{Value, json};

use super::oracle::Oracle;

/// The settings that are asked for.
const SETTINGS: [&str; 7] = ["bind", "chdir", "config", "timeout", "worker_class", "worker_tmp_dir", "workers"];

const SOURCE: &str = "
import contextlib, io, json, shlex, sys
sys.argv = ['gunicorn']
from gunicorn.config import Config
parser = Config().parser()
names = ('bind', 'chdir', 'config', 'timeout', 'worker_class', 'worker_tmp_dir', 'workers')
for line in sys.stdin:
    answer = None
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            args = vars(parser.parse_args(shlex.split(json.loads(line))))
            # Of `--` as a value argparse makes an empty list before Python 3.13, which gunicorn's checks refuse.
            for name in names:
                if args[name] is not None and name != 'chdir':
                    Config().set(name, args[name])
            if isinstance(args['chdir'], list):
                raise ValueError
        answer = {'set': [name for name in names if args[name] is not None],
                  'chdir': args['chdir'], 'worker_class': args['worker_class']}
    except (SystemExit, TypeError, ValueError):
        pass
    print(json.dumps(answer), flush=True)
";

thread_local! {
    static ORACLE: RefCell<Oracle> = RefCell::new(Oracle::python(SOURCE));
}

/// Pieces of command lines: letters alone would hardly ever come to an option.
const PIECES: [&str; 48] = [
    " ",
    "  ",
    "=",
    "'",
    "\"",
    "\\",
    "-",
    "--",
    "-b",
    "-c",
    "-k",
    "-t",
    "-w",
    "-R",
    "-D",
    "-n",
    "-e",
    "-Rb",
    "-RDt",
    "--bind",
    "--bin",
    "--chdir",
    "--chd",
    "--config",
    "--conf",
    "--c",
    "--timeout",
    "--time",
    "--t",
    "--worker-class",
    "--worker-c",
    "--worker-connections",
    "--worker-tmp-dir",
    "--worker-t",
    "--workers",
    "--worker",
    "--threads",
    "--reload",
    "--env",
    "--preload",
    "--print-config",
    "--check-config",
    "-h",
    "-v",
    "-1",
    "-.5",
    "-3x",
    "\t",
];

pub fn run(data: &[u8]) {
    let mut text = String::new();
    for byte in data {
        match PIECES.get(usize::from(byte.wrapping_sub(128))) {
            Some(piece) => text.push_str(piece),
            None => text.push(char::from(byte & 127)),
        }
    }
    let answer = ORACLE.with_borrow_mut(|oracle| oracle.ask(&text));
    // What gunicorn refuses is started, and refused by it.
    if answer.is_null() {
        return;
    }
    let files = Memory::default().empty("/site");
    let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new(&text)));
    let set: Vec<&str> = SETTINGS.into_iter().filter(|name| options.sets(name)).collect();
    assert!(!options.cannot_be_split, "{text:?}");
    assert_eq!(json!(set), answer["set"], "{text:?}");
    assert_eq!(
        options.chdir.map(|folder| folder.to_string_lossy().into_owned()).as_deref(),
        answer["chdir"].as_str(),
        "{text:?}"
    );
    assert_eq!(options.worker_class.map(Value::from).unwrap_or_default(), answer["worker_class"], "{text:?}");
}
