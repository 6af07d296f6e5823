//! Of a traceback, the lines that are the user's own.

use std::path::Path;

use super::context::Context;
use super::observation::Frame;
use super::problem::Line;

/// How many lines of the user's code are shown, innermost last.
const SHOWN: usize = 4;

/// The last [`SHOWN`] frames that are the user's own code, outermost first.
pub(super) fn own_lines(frames: &[Frame], context: &Context<'_>) -> Vec<Line> {
    let own: Vec<&Frame> = frames.iter().filter(|frame| is_own(&frame.0, context)).collect();
    own[own.len().saturating_sub(SHOWN)..]
        .iter()
        .map(|Frame(file, line, function, source)| Line {
            file: shortened(file, context.app_root),
            line: *line,
            function: function.clone(),
            source: source.clone(),
        })
        .collect()
}

/// Is it in the app root, and in no environment?
fn is_own(file: &str, context: &Context<'_>) -> bool {
    let path = Path::new(file);
    let environment = context.packages.environment.as_deref();
    (path.is_relative() || path.starts_with(context.app_root))
        && !file.starts_with('<')
        && !environment.is_some_and(|folder| path.starts_with(folder))
        && !path.components().any(|part| part.as_os_str() == "site-packages" || part.as_os_str() == "dist-packages")
}

/// A path as the user knows it: from the app root.
pub(super) fn shortened(file: &str, app_root: &Path) -> String {
    Path::new(file).strip_prefix(app_root).map_or_else(|_| file.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::packages::Packages;
    use super::*;

    #[test]
    fn only_the_users_own_lines_are_shown_and_of_those_the_last() {
        let packages = Packages { environment: Some("/app/lib-of-app".into()), ..Packages::default() };
        let context = Context { app_root: Path::new("/app"), packages: &packages, limit_seconds: 1.0 };
        let frames = |files: &[&str]| -> Vec<Frame> {
            let frame = |(number, file): (u32, &&str)| Frame((*file).to_owned(), number, "f".into(), String::new());
            (1..).zip(files).map(frame).collect()
        };
        let mixed = frames(&[
            "/app/a.py",
            "<frozen importlib._bootstrap>",
            "/usr/lib/python3/json.py",
            "/app/lib-of-app/lib/x.py",
            "/app/vendor/site-packages/y.py",
            "b.py",
        ]);
        let files: Vec<_> = own_lines(&mixed, &context).into_iter().map(|line| line.file).collect();
        assert_eq!(files, ["a.py", "b.py"]);
        let many = own_lines(&frames(&["/app/a.py"; 9]), &context);
        assert_eq!(many.iter().map(|line| line.line).collect::<Vec<_>>(), [6, 7, 8, 9]);
    }
}
