//! Any bytes as `oryx-manifest.toml`.
#![no_main]

use pystart::deployment::manifest::Manifest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = Manifest::parse(data);
});
