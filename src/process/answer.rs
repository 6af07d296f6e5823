//! What a program prints, read to its end: where a read fails the standard library's `output` panics.
#![forbid(unsafe_code)]

use std::io::{self, Read};
use std::process::{Child, ExitStatus};

/// Reads one of the pipes of a child to its end, then waits for the child, also where reading fails: a closed pipe ends
/// what would write to it.
///
/// # Errors
///
/// Those of `read(2)` and `waitpid(2)`.
pub(crate) fn read_and_wait(mut child: Child, pipe: Option<impl Read>) -> io::Result<(Vec<u8>, ExitStatus)> {
    let mut printed = Vec::new();
    let outcome = pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut printed));
    let status = child.wait();
    outcome?;
    Ok((printed, status?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// A disk or a network that fails in the middle.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::OutOfMemory.into())
        }
    }

    fn child() -> Child {
        Command::new("/bin/sh").args(["-c", "echo said; exit 3"]).stdout(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn what_is_printed_comes_with_the_status() {
        let mut child = child();
        let pipe = child.stdout.take();
        let (printed, status) = read_and_wait(child, pipe).unwrap();
        assert_eq!((printed.as_slice(), status.code()), (&b"said\n"[..], Some(3)));
    }

    #[test]
    fn a_read_that_fails_is_an_error_and_the_child_is_reaped() {
        let child = child();
        let process = nix::unistd::Pid::from_raw(child.id().cast_signed());
        let error = read_and_wait(child, Some(Broken)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        let again = nix::sys::wait::waitpid(process, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
        assert_eq!(again, Err(nix::errno::Errno::ECHILD));
    }
}
