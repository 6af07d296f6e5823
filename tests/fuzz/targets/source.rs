//! Any bytes as `app.py`: the reader and the inference end, and an object that is chosen is a name.

use std::path::Path;

use pystart::detect::detect;
use pystart::files::Memory;

pub fn run(data: &[u8]) {
    let files = Memory::default().file("/site/app.py", data).file("/site/pkg/__init__.py", data);
    let found = detect(&files, Path::new("/site"), &|| "asgi");
    if let Some(object) = found.app.and_then(|app| app.object) {
        assert!(!object.is_empty() && !object.contains(char::is_control), "{object:?}");
    }
}
