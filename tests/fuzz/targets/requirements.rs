//! Any text as `requirements.txt`.
#![no_main]

use pystart::python::requirements;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for package in ["flask", "starlette", "Django"] {
        let _ = requirements::is_before(text, package, (1, 0));
    }
});
