//! A custom command that is a file: a script, a Python file, a text file that holds the command, a program.
//!
//! The file is never changed and its execute bit is not needed: zip deployment loses the bit, and on a read-only or
//! network mount nobody can set it again. So a script is given to the interpreter that its first line names.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Resolved, Runs, Surroundings, kind_of_program, not_executable, reason, resolve_line, word};
use crate::error::{Failure, status};
use crate::files::Access;
use crate::model::Notice;
use crate::shell::shebang::Shebang;
use crate::shell::shells::SHELL;

/// The longest text that fits into one argument (`MAX_ARG_STRLEN` of the kernel, 32 pages, the final NUL included).
const ARGUMENT_LIMIT: usize = 128 * 1024 - 1;

/// A text file may name another file, and that one another; more of them than the kernel allows interpreters of
/// interpreters (`exec_binprm`) are a circle.
const MOST_NESTED: u8 = 5;

/// Understands the file at `path`, called `name` by the user, with the words behind it.
pub(super) fn resolve(
    path: &Path,
    name: &OsStr,
    rest: &[OsString],
    around: &Surroundings,
) -> Result<Resolved, Failure> {
    resolve_nested(path, name, rest, around, 0)
}

fn resolve_nested(
    path: &Path,
    name: &OsStr,
    rest: &[OsString],
    around: &Surroundings,
    depth: u8,
) -> Result<Resolved, Failure> {
    let shown = name.display();
    let content = match around.files.read(path) {
        Ok(content) => content,
        // A program may be executable and not readable.
        Err(_) if around.files.may(path, Access::Execute) => return program(path, name, rest, around),
        Err(error) => {
            return Err(Failure::usage(format!("`{shown}` cannot be read: {}", reason(&error)))
                .with_hint("make it readable for the user that the container runs as"));
        }
    };
    let original_length = content.len();
    let content = from_utf16(&content).map_or(content, Into::into);
    if is_binary(&content) {
        return program(path, name, rest, around);
    }
    // In the app root the user's intent is plain, and the bit is easily lost there. Elsewhere a file without it is a
    // script only by its name.
    if !is_named_as_text(path) && !path.starts_with(around.root) && !around.files.may(path, Access::Execute) {
        return Err(not_executable(path));
    }
    let text = repair(&content);
    let is_repaired = text.len() != content.len() || original_length != content.len();
    if text.trim_ascii().is_empty() {
        return Err(Failure::usage(format!("`{shown}` is empty")).with_hint("write the start-up command into it"));
    }
    let shebang = Shebang::of(&text);
    let mut resolved = if text.starts_with(b"#!") {
        script(path, name, rest, shebang, is_repaired.then_some(&text), around)?
    } else if has_extension(path, "py") {
        return python(path, name, rest, around);
    } else if has_extension(path, "sh") || has_extension(path, "bash") || !rest.is_empty() {
        script(path, name, rest, None, is_repaired.then_some(&text), around)?
    } else {
        command_text(path, name, &text, around, depth)?
    };
    if is_repaired {
        resolved.notices.push(repair_notice(name));
    }
    Ok(resolved)
}

/// The text of a file in UTF-16 with its byte order mark, as PowerShell writes it.
fn from_utf16(content: &[u8]) -> Option<Vec<u8>> {
    let (mark, text) = content.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        b"\xff\xfe" => u16::from_le_bytes,
        b"\xfe\xff" => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = text.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok().map(String::into_bytes)
}

fn is_binary(content: &[u8]) -> bool {
    content.starts_with(b"\x7fELF") || content.contains(&0)
}

/// Without the byte order mark, and with LF for every CRLF.
fn repair(content: &[u8]) -> Vec<u8> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut text = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().enumerate() {
        if *byte != b'\r' || content.get(at + 1).is_some_and(|next| *next != b'\n') {
            text.push(*byte);
        }
    }
    text
}

fn is_named_as_text(path: &Path) -> bool {
    ["sh", "bash", "py", "txt", "cmd"].iter().any(|extension| has_extension(path, extension))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension))
}

fn script(
    path: &Path,
    name: &OsStr,
    rest: &[OsString],
    shebang: Option<Shebang>,
    repaired: Option<&Vec<u8>>,
    around: &Surroundings,
) -> Result<Resolved, Failure> {
    let shown = name.display();
    // A script that names no interpreter is the shell's (POSIX, 2.9.1.4).
    let shebang = shebang.unwrap_or(Shebang::of_shell(SHELL));
    let interpreter = shebang.interpreter();
    let program = shebang.program();
    let runs = match kind_of_program(path, rest) {
        Runs::Gunicorn => Runs::Gunicorn,
        _ => kind_of_program(Path::new(&program), &[]),
    };
    let missing = |what: &OsStr| {
        Failure::usage(format!("`{shown}` wants the interpreter `{}`, which is not here", what.display()))
            .with_status(status::NOT_FOUND)
            .with_hint(format!("name one that is here in its first line, for example `#!{SHELL}`"))
    };
    if !around.files.may(interpreter, Access::Execute) {
        // The interpreter of a moved environment: any Python will do.
        if interpreter.file_name().is_some_and(|own| own.as_bytes().starts_with(b"python")) {
            return python(path, name, rest, around);
        }
        return Err(missing(interpreter.as_os_str()));
    }
    if !program.as_bytes().contains(&b'/') && around.files.program(&program, around.path).is_none() {
        return Err(missing(&program));
    }
    let reading = format!("the script `{shown}`, run by `{}`", program.display());
    match repaired {
        // Other interpreters take CRLF as it is; a shell reads it as part of the last word of each line.
        Some(text) if runs == Runs::Shell => {
            if text.len() > ARGUMENT_LIMIT {
                return Err(Failure::usage(format!("`{shown}` has Windows line ends and is too long to repair"))
                    .with_hint(format!("convert it: `sed -i 's/\\r$//' {shown}`")));
            }
            let options: Vec<&OsStr> = shebang.argument().into_iter().collect();
            let path = path.as_os_str();
            let mut resolved = Resolved::shell(interpreter.as_os_str(), &options, word(text), path, reading);
            resolved.argv.extend_from_slice(rest);
            Ok(resolved)
        }
        _ => {
            let mut argv = vec![interpreter.into()];
            argv.extend(shebang.argument().map(OsStr::to_owned));
            argv.push(path.into());
            argv.extend_from_slice(rest);
            Ok(Resolved::new(runs, interpreter, argv, reading))
        }
    }
}

/// A shell that is given a script of the app root with Windows line ends or a byte order mark, which it would stumble over: it is
/// given the repaired text.
pub(super) fn repaired_for(shell: &Path, words: &[OsString], around: &Surroundings) -> Option<Resolved> {
    let [_, name, rest @ ..] = words else { return None };
    let path = super::file_of_root(name, around).filter(|path| path.starts_with(around.root))?;
    let content = around.files.read(&path).ok()?;
    let text = repair(&content);
    let is_repaired = text.len() != content.len() && text.len() <= ARGUMENT_LIMIT && !is_binary(&text);
    is_repaired.then(|| {
        let reading = format!("the script `{}`, run by `{}`", name.display(), shell.display());
        let mut resolved = Resolved::shell(shell.as_os_str(), &[], word(&text), path.as_os_str(), reading);
        resolved.argv.extend_from_slice(rest);
        resolved.notices.push(repair_notice(name));
        resolved
    })
}

fn repair_notice(name: &OsStr) -> Notice {
    Notice {
        message: format!(
            "`{}` has Windows line ends or a byte order mark; it is run as if it had none",
            name.display()
        ),
        hint: Some("save it with LF line ends, and keep them with `*.sh text eol=lf` in .gitattributes".into()),
    }
}

fn python(path: &Path, name: &OsStr, rest: &[OsString], around: &Surroundings) -> Result<Resolved, Failure> {
    let shown = name.display();
    let Some(interpreter) = around.python.interpreter().map(|python| python.path.as_path()) else {
        return Err(Failure::usage(format!("`{shown}` is a Python file, and there is no Python here"))
            .with_status(status::NOT_FOUND)
            .with_hint("use an image with Python, or put `python3` on PATH"));
    };
    let mut argv = vec![interpreter.into(), path.into()];
    argv.extend_from_slice(rest);
    Ok(Resolved::new(Runs::Program, interpreter, argv, format!("the Python file `{shown}`")))
}

/// A text file that holds the command: one line is that command, several are a script.
fn command_text(path: &Path, name: &OsStr, text: &[u8], around: &Surroundings, depth: u8) -> Result<Resolved, Failure> {
    let shown = name.display();
    let is_command = |line: &&[u8]| !line.is_empty() && !line.starts_with(b"#");
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(is_command);
    match (lines.next(), lines.next()) {
        (None, _) => Err(Failure::usage(format!("`{shown}` holds comments and no command"))
            .with_hint("write the start-up command into it")),
        (Some(line), None) => {
            let line = OsStr::from_bytes(line);
            let resolved = match super::file_of_root(line, around) {
                Some(_) if depth == MOST_NESTED => {
                    return Err(Failure::usage(format!("`{shown}` leads in a circle: it names `{}`", line.display()))
                        .with_hint("write the start-up command itself into the file"));
                }
                Some(inner) => resolve_nested(&inner, line, &[], around, depth + 1)?,
                None => resolve_line(line, around)?,
            };
            Ok(Resolved { reading: format!("the command in `{shown}`: {}", resolved.reading), ..resolved })
        }
        (Some(_), Some(_)) if text.len() <= ARGUMENT_LIMIT => {
            let reading = format!("the lines of `{shown}`, run by `{SHELL}`");
            Ok(Resolved::shell(OsStr::new(SHELL), &[], word(text), path.as_os_str(), reading))
        }
        _ => Err(Failure::usage(format!("`{shown}` is too long for a file of commands"))
            .with_hint("make it a script: name it `startup.sh`")),
    }
}

fn program(path: &Path, name: &OsStr, rest: &[OsString], around: &Surroundings) -> Result<Resolved, Failure> {
    if !around.files.may(path, Access::Execute) {
        return Err(not_executable(path));
    }
    let mut argv = vec![name.to_owned()];
    argv.extend_from_slice(rest);
    let runs = kind_of_program(path, rest);
    Ok(Resolved::new(runs, path, argv, format!("the program `{}`", name.display())))
}

/// A program that was found on PATH or by a path of its own, with the words that call it.
///
/// `execve` reports a script without its interpreter as "no such file", though the file is there, and refuses a text
/// that names none: so the first line is looked at here.
pub(super) fn found_program(
    program: &Path,
    words: &[OsString],
    reading: &str,
    around: &Surroundings,
) -> Result<Resolved, Failure> {
    let rest = &words[1..];
    let runs = kind_of_program(program, rest);
    let content = around.files.read(program).unwrap_or_default();
    let run_by = |interpreter: &Path, runs: Runs| {
        let mut argv = vec![interpreter.into(), program.into()];
        argv.extend_from_slice(rest);
        Ok(Resolved::new(runs, interpreter, argv, format!("{reading}, by `{}`", interpreter.display())))
    };
    if !content.starts_with(b"#!") {
        let is_text = !content.is_empty() && !is_binary(&content);
        if is_text {
            return run_by(Path::new(SHELL), Runs::Shell);
        }
        return Ok(Resolved::new(runs, program, words.to_vec(), reading));
    }
    let interpreter = Shebang::of(&content).map_or(Path::new(SHELL), |shebang| shebang.interpreter());
    if around.files.is_file(interpreter) || runs == Runs::Gunicorn {
        return Ok(Resolved::new(runs, program, words.to_vec(), reading));
    }
    let is_python = interpreter.file_name().is_some_and(|own| own.as_bytes().starts_with(b"python"));
    match around.python.interpreter().filter(|_| is_python) {
        Some(python) => run_by(&python.path, runs),
        None => Err(Failure::usage(format!(
            "`{}` wants the interpreter `{}`, which is not here",
            program.display(),
            interpreter.display()
        ))
        .with_status(status::NOT_FOUND)
        .with_hint("install the package that brings it again in this image")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_powershell_is_read() {
        assert_eq!(from_utf16(b"\xff\xfea\0\xe4\0\n\0").as_deref(), Some("a\u{e4}\n".as_bytes()));
        assert_eq!(from_utf16(b"\xfe\xff\0a").as_deref(), Some(&b"a"[..]));
        assert_eq!(from_utf16(b"a\0b\0"), None);
    }

    #[test]
    fn only_the_mark_in_front_and_the_line_ends_are_repaired() {
        let text = b"\xef\xbb\xbfa\r\nprintf '\r.'\r\n\xef\xbb\xbf\r";
        assert_eq!(repair(text), b"a\nprintf '\r.'\n\xef\xbb\xbf");
        assert_eq!(repair(b"a\n"), b"a\n");
    }
}
