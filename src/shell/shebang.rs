//! The first line of a script, as the kernel reads it (execve(2), "Interpreter scripts"; `fs/binfmt_script.c`).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::words;

/// The kernel looks at no more of a file than this (`BINPRM_BUF_SIZE`, since Linux 5.1).
const BUFFER: usize = 256;

/// The program that a script asks for, and at most one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shebang<'a> {
    interpreter: &'a [u8],
    argument: Option<&'a [u8]>,
}

impl<'a> Shebang<'a> {
    /// The first line of a script that names a shell and nothing else.
    #[must_use]
    pub fn of_shell(shell: &'a str) -> Self {
        Self { interpreter: shell.as_bytes(), argument: None }
    }

    /// Reads the first line of `content`; `None` where the kernel finds no interpreter in it: there is no `#!`, nothing
    /// stands behind it, or the name is cut off by the end of the kernel's buffer.
    #[must_use]
    pub fn of(content: &'a [u8]) -> Option<Self> {
        let buffer = &content[..content.len().min(BUFFER)];
        let behind = buffer.strip_prefix(b"#!")?;
        let line_end = behind.iter().position(|byte| matches!(byte, b'\n' | 0));
        let is_cut = line_end.is_none() && content.len() > BUFFER;
        let line = trim(&behind[..line_end.unwrap_or(behind.len())]);
        let name_end = line.iter().position(|byte| is_blank(*byte));
        if line.is_empty() || (is_cut && name_end.is_none()) {
            return None;
        }
        let (interpreter, argument) = line.split_at(name_end.unwrap_or(line.len()));
        let argument = Some(trim(argument)).filter(|argument| !argument.is_empty());
        Some(Self { interpreter, argument })
    }

    /// The program that the kernel starts.
    #[must_use]
    pub fn interpreter(&self) -> &'a Path {
        Path::new(OsStr::from_bytes(self.interpreter))
    }

    /// What stands behind it: one argument, however many words it has.
    #[must_use]
    pub fn argument(&self) -> Option<&'a OsStr> {
        self.argument.map(OsStr::from_bytes)
    }

    /// The program that runs in the end, by its name or path: what `env` looks up, else the interpreter itself.
    #[must_use]
    pub fn program(&self) -> OsString {
        let is_env = self.interpreter().file_name().is_some_and(|name| name == "env");
        let looked_up = self.argument().filter(|_| is_env).and_then(program_of_env);
        looked_up.unwrap_or_else(|| OsStr::from_bytes(self.interpreter).to_owned())
    }
}

/// The program that `env` starts with this one argument (env(1), "-S/--split-string usage in scripts").
fn program_of_env(argument: &OsStr) -> Option<OsString> {
    let bytes = argument.as_bytes();
    let Some(to_split) = split_string(bytes) else {
        let is_program = !bytes.starts_with(b"-") && words::assignment(argument).is_none();
        return is_program.then(|| argument.to_owned());
    };
    let mut words = words::split(OsStr::from_bytes(to_split)).ok()?.words.into_iter();
    while let Some(word) = words.next() {
        match word.as_bytes() {
            // The value of these is a word of its own.
            b"-u" | b"--unset" | b"-C" | b"--chdir" => drop(words.next()),
            bytes if bytes.starts_with(b"-") || words::assignment(&word).is_some() => {}
            _ => return Some(word),
        }
    }
    None
}

/// What `env` is to split: the text behind `-S`, also at the end of a cluster (`-vS`), or behind its long name.
fn split_string(argument: &[u8]) -> Option<&[u8]> {
    if let Some(text) = argument.strip_prefix(b"--split-string") {
        return text.strip_prefix(b"=").or_else(|| text.strip_prefix(b" "));
    }
    let cluster = argument.strip_prefix(b"-")?;
    let flags = cluster.iter().take_while(|byte| matches!(byte, b'i' | b'v' | b'0')).count();
    cluster[flags..].strip_prefix(b"S")
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without blanks at both ends. A carriage return is none: the kernel takes it for a part of the name.
fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(*byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = Option<(&'a str, Option<&'a str>)>;

    fn parts(content: &[u8]) -> Parts<'_> {
        let shebang = Shebang::of(content)?;
        Some((shebang.interpreter().to_str().unwrap(), shebang.argument().map(|argument| argument.to_str().unwrap())))
    }

    #[test]
    fn the_line_is_cut_as_the_kernel_cuts_it() {
        let table: [(&[u8], Parts); 12] = [
            (b"#!/bin/sh\nx", Some(("/bin/sh", None))),
            (b"#! \t/bin/sh\t -e -u \t\nx", Some(("/bin/sh", Some("-e -u")))),
            (b"#!/bin/sh", Some(("/bin/sh", None))),
            (b"#!/bin/sh\0-e\n", Some(("/bin/sh", None))),
            (b"#!/bin/sh\r\n", Some(("/bin/sh\r", None))),
            (b"#!/bin/sh -e\r\n", Some(("/bin/sh", Some("-e\r")))),
            (b"#!\n/bin/sh", None),
            (b"#! \t\n", None),
            (b"#!", None),
            (b"#", None),
            (b" #!/bin/sh\n", None),
            (b"", None),
        ];
        for (content, wanted) in table {
            assert_eq!(parts(content), wanted, "{content:?}");
        }
    }

    #[test]
    fn the_kernel_reads_256_bytes_and_refuses_a_name_that_is_cut_off() {
        let line = |length: usize| format!("#!/{}\n", "x".repeat(length - 4)).into_bytes();
        assert!(Shebang::of(&line(256)).is_some());
        assert!(Shebang::of(&line(257)).is_none());
        let long_argument = format!("#!/bin/sh {}\n", "x".repeat(300));
        let argument = Shebang::of(long_argument.as_bytes()).unwrap().argument().unwrap().len();
        assert_eq!(argument, 256 - "#!/bin/sh ".len(), "an argument is cut");
    }

    #[test]
    fn behind_env_stands_the_program_that_runs() {
        for (line, program) in [
            ("/bin/sh -e", "/bin/sh"),
            ("/usr/bin/env bash", "bash"),
            ("/usr/bin/env", "/usr/bin/env"),
            ("/usr/bin/env -S bash -e", "bash"),
            ("/usr/bin/env -Sbash -e", "bash"),
            ("/usr/bin/env -vS bash -e", "bash"),
            ("/usr/bin/env --split-string=bash -e", "bash"),
            ("/usr/bin/env --split-string bash -e", "bash"),
            ("/usr/bin/env -S X=7 Y='a b' sh -x", "sh"),
            ("/usr/bin/env -S -i -u HOME -C /tmp --unset A --chdir / bash", "bash"),
            ("/usr/bin/env -S 'my program' x", "my program"),
            ("/usr/bin/env -S X=7", "/usr/bin/env"),
            ("/usr/bin/env -S 'x", "/usr/bin/env"),
            ("/usr/bin/env X=7", "/usr/bin/env"),
            ("/usr/bin/env -i", "/usr/bin/env"),
            // Without `-S` the whole rest of the line is one name.
            ("/usr/bin/env python3 -u", "python3 -u"),
            ("/opt/myenv bash", "/opt/myenv"),
        ] {
            let content = format!("#!{line}\n");
            assert_eq!(Shebang::of(content.as_bytes()).unwrap().program(), program, "{line}");
        }
    }
}
