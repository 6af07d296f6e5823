#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pystart_fuzz::source::run(data));
