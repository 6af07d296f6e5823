//! Any bytes as a script: an interpreter has a name, which stands in the first 256 bytes.

use pystart::shell::shebang::Shebang;

pub fn run(data: &[u8]) {
    let Some(shebang) = Shebang::of(data) else { return };
    let interpreter = shebang.interpreter().as_os_str();
    assert!(!interpreter.is_empty() && interpreter.len() <= 254);
    assert!(shebang.argument().is_none_or(|argument| !argument.is_empty()));
    let _ = shebang.program();
}
