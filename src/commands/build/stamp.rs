//! What an environment was built from, kept in it: while that is unchanged there is nothing to do.

use std::fs;
use std::io;
use std::path::Path;

use super::inputs::Inputs;
use crate::digest::Digest;
use crate::files::read_whole;

/// The file in the environment.
pub(super) const FILE: &str = "pystart-build";

/// Changes when the same inputs give another environment than before: then all are built anew.
const FORMAT: &str = "3";

/// Many times what is written.
const LARGEST: u64 = 64 * 1024;

/// What an environment depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// A digest of the files and of the commands of the build.
    pub(super) inputs: String,
    /// What the interpreter says of itself.
    pub(super) interpreter: String,
    /// The file of the interpreter; empty where a file does not tell.
    pub(super) interpreter_file: String,
}

/// A digest of what is built from: the form's name, the files, and the hooks.
#[must_use]
pub(super) fn digest<'a>(form: &str, inputs: &Inputs, hooks: impl Iterator<Item = &'a [u8]>) -> String {
    let mut digest = Digest::of([FORMAT, form]);
    for (path, content) in inputs.iter() {
        digest.add(path.as_os_str().as_encoded_bytes());
        digest.add(content);
    }
    hooks.for_each(|hook| digest.add(hook));
    digest.to_string()
}

impl Stamp {
    /// The one in an environment, if it has one.
    pub(super) fn read(environment: &Path) -> Option<Self> {
        // The environment may be anybody's work: nothing waits for a pipe in it, nor reads without end.
        let text = read_whole(&environment.join(FILE), LARGEST).ok()?;
        let text = str::from_utf8(&text).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        Some(Self { inputs: lines.next()?, interpreter: lines.next()?, interpreter_file: lines.next()? })
    }

    /// Writes it into an environment.
    ///
    /// # Errors
    ///
    /// Those of writing the file.
    pub(super) fn write(&self, environment: &Path) -> io::Result<()> {
        let text = format!("{}\n{}\n{}\n", self.inputs, self.interpreter, self.interpreter_file);
        fs::write(environment.join(FILE), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let root = std::env::temp_dir().join(format!("pystart-stamp-{}", std::process::id()));
        fs::create_dir(&root).unwrap();
        assert_eq!(Stamp::read(&root), None);
        for file in ["/bin/python 5", ""] {
            let stamp =
                Stamp { inputs: "1".into(), interpreter: "3.12.1 cpython".into(), interpreter_file: file.into() };
            stamp.write(&root).unwrap();
            assert_eq!(Stamp::read(&root), Some(stamp));
        }
        fs::write(root.join(FILE), "1").unwrap();
        assert_eq!(Stamp::read(&root), None, "that of an older release");
        fs::remove_file(root.join(FILE)).unwrap();
        nix::unistd::mkfifo(&root.join(FILE), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(Stamp::read(&root), None, "a pipe that nobody writes to");
        fs::remove_file(root.join(FILE)).unwrap();
        std::os::unix::fs::symlink("/dev/zero", root.join(FILE)).unwrap();
        assert_eq!(Stamp::read(&root), None, "a device without end");
        fs::remove_dir_all(&root).unwrap();
    }
}
