//! Is the site well? For the image's HEALTHCHECK and a cluster's probes: no shell, no curl, no Python.
//!
//! These are two questions. *Ready* (the default) asks for a page: whoever sends requests wants to know that. *Alive*
//! (`--live`) asks for a connection alone: whoever restarts a site that is ill must not do so because it is busy.

mod http;

use std::path::Path;
use std::time::Duration;

use crate::commands::output::print;
use crate::commands::pid1::{Session, Source};
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::invocation::Invocation;
use crate::printable::printable;
use crate::process::init::drain;
use crate::process::procfs::processes;
use crate::process::reachability::Reachability;
use crate::settings::table;
use crate::settings::{DEFAULT_PORT, Flags, Settings};
pub use http::{ask, final_answer};

/// What to ask, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The site's port on this machine.
    pub port: u16,
    /// The path, fit for a request line.
    pub path: String,
    /// For the whole exchange: connecting, sending, and the first line of the answer.
    pub limit: Duration,
}

/// `pystart health`: prints what the site answered; the exit status.
///
/// # Errors
///
/// A bad setting, or standard output that cannot be written.
pub fn health(flags: &Flags, invocation: &Invocation) -> Result<u8, Failure> {
    let session = Session::find(invocation);
    let settings = Settings::new(session.flags(flags.clone()), &session.environ, Path::new("/"))?;
    let question = Question::new(flags, &invocation.environ, settings.port)?;
    let answer = if is_draining(session.source) {
        Answer::Draining
    } else if flags.has(&table::HEALTH_LIVE.row) {
        http::connect(&question)
    } else {
        ask(&question)
    };
    let remark = remark(&answer, question.port, session.source);
    let remark = remark.as_deref().map_or_else(String::new, |remark| format!("; {}", printable(remark)));
    print(format!("{}{remark}\n", answer.line(&question)).as_bytes())?;
    Ok(if answer.is_healthy() { 0 } else { status::NO })
}

/// Has the site's init been asked to end? In the site's container the init is PID 1; elsewhere it may be any process.
fn is_draining(source: Source) -> bool {
    match source {
        Source::Container => processes::is_called(1, drain::NAME),
        Source::Process | Source::ProcessOfAnotherUser => processes::any_is_called(drain::NAME),
    }
}

/// In the site's container: that other hosts cannot reach it, and what listens instead.
fn remark(answer: &Answer, port: u16, source: Source) -> Option<String> {
    if source != Source::Container || *answer == Answer::Draining {
        return None;
    }
    let found = Reachability::below(1, port).filter(|found| *found != Reachability::NoListener)?;
    found.notice(port).map(|notice| notice.message)
}

impl Question {
    /// From flags, then variables, then defaults; `port` is the one that the site was told.
    ///
    /// # Errors
    ///
    /// A value that is not of the accepted form.
    pub fn new(flags: &Flags, environ: &Environ, port: Option<u16>) -> Result<Self, Failure> {
        Ok(Self {
            port: port.unwrap_or(DEFAULT_PORT),
            path: table::HEALTH_PATH.read(flags, environ)?.unwrap_or_else(|| table::DEFAULT_HEALTH_PATH.to_owned()),
            limit: table::HEALTH_LIMIT.read(flags, environ)?.unwrap_or(table::DEFAULT_HEALTH_LIMIT),
        })
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status.
    Status(u16),
    /// The port accepted a connection, which was all that was asked.
    Accepted,
    /// The site was asked to end, and is to get no more requests.
    Draining,
    /// Nobody listens.
    Refused,
    /// No complete status line within the time limit.
    Late,
    /// Something answered, and it was not HTTP.
    NotHttp,
    /// The exchange failed in another way.
    Broken(String),
}

impl Answer {
    /// Any status below 500: a site that asks for a login or redirects is alive, one that fails is not.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Accepted) || matches!(self, Self::Status(status) if *status < 500)
    }

    /// The one line to print.
    #[must_use]
    pub fn line(&self, question: &Question) -> String {
        let verdict = if self.is_healthy() { "healthy" } else { "unhealthy" };
        let Question { port, path, limit } = question;
        match self {
            Self::Status(status) => format!("{verdict}: port {port} answered {status} to GET {path}"),
            Self::Accepted => format!("{verdict}: port {port} accepts connections"),
            Self::Draining => format!("{verdict}: the site was asked to end and is drained"),
            Self::Refused => format!("{verdict}: port {port} has no listener for GET {path}"),
            Self::Late => format!("{verdict}: port {port} did not answer GET {path} within {} s", limit.as_secs_f64()),
            Self::NotHttp => format!("{verdict}: port {port} gave no HTTP answer to GET {path}"),
            Self::Broken(error) => format!("{verdict}: port {port} failed ({error}) on GET {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_below_500_is_healthy() {
        let rows = [
            (Answer::Status(200), true),
            (Answer::Status(302), true),
            (Answer::Status(499), true),
            (Answer::Status(500), false),
            (Answer::Refused, false),
            (Answer::Late, false),
            (Answer::NotHttp, false),
            (Answer::Accepted, true),
            (Answer::Draining, false),
        ];
        for (answer, expected) in rows {
            assert_eq!(answer.is_healthy(), expected, "{answer:?}");
        }
    }

    #[test]
    fn the_question_is_flag_then_variable_then_default_and_cannot_break_out_of_its_line() {
        let environ: Environ =
            [("PYSTART_HEALTH_PATH", "/up?x=1"), ("PYSTART_HEALTH_TIMEOUT", "1.5")].into_iter().collect();
        let ask = |path: Option<&str>, environ: &Environ| {
            let flags =
                path.into_iter().fold(Flags::default(), |flags, path| flags.with(&table::HEALTH_PATH.row, path));
            Question::new(&flags, environ, None)
        };
        let warm_up: Environ = [("WEBSITE_WARMUP_PATH", "/warm")].into_iter().collect();
        assert_eq!(ask(None, &warm_up).unwrap().path, "/warm");
        let expected = Question { port: 8000, path: "/up?x=1".into(), limit: Duration::from_millis(1500) };
        assert_eq!(ask(None, &environ), Ok(expected));
        assert_eq!(ask(Some("/x"), &environ).unwrap().path, "/x");
        let plain = Question { port: 8000, path: "/".into(), limit: table::DEFAULT_HEALTH_LIMIT };
        assert_eq!(ask(None, &Environ::default()), Ok(plain));
        for bad in ["", "healthz", "/a b", "/a\r\nX: y", "/\u{e4}"] {
            assert_eq!(ask(Some(bad), &environ).unwrap_err().status, 2, "{bad:?}");
        }
        let environ: Environ = [("PYSTART_HEALTH_TIMEOUT", "0")].into_iter().collect();
        assert!(ask(None, &environ).is_err());
    }
}
