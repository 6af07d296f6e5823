//! Any text as `GUNICORN_CMD_ARGS`: its words are those of Python's `shlex.split`.

use std::cell::RefCell;
use std::ffi::OsStr;

use pystart::gunicorn::shlex::split;
use serde_json::Value;

use super::oracle::Oracle;

const SOURCE: &str = "
import json, shlex, sys
for line in sys.stdin:
    try:
        print(json.dumps(shlex.split(json.loads(line))), flush=True)
    except ValueError:
        print('null', flush=True)
";

thread_local! {
    static ORACLE: RefCell<Oracle> = RefCell::new(Oracle::python(SOURCE));
}

pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let own = split(OsStr::new(text)).map(|words| {
        let words: Vec<Value> = words.into_iter().map(|word| word.to_string_lossy().into_owned().into()).collect();
        Value::from(words)
    });
    let other = ORACLE.with_borrow_mut(|oracle| oracle.ask(text));
    assert_eq!(own.unwrap_or_default(), other, "{text:?}");
}
