//! Any bytes as `requirements.txt`: what is read stands in it, in this order.

use pystart::python::requirements::{Line, lines, normalised};

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut rest = &*text;
    for line in lines(&text) {
        let part = match line {
            Line::Package { name, .. } => {
                assert!(!name.is_empty() && !normalised(name).contains(['_', '.']), "{name:?}");
                name
            }
            Line::Include(file) | Line::Project(file) => {
                assert!(!file.is_empty());
                file
            }
        };
        assert!(!part.contains('\n'), "{part:?}");
        let at = rest.find(part).expect("nothing is invented");
        rest = &rest[at + part.len()..];
    }
}
