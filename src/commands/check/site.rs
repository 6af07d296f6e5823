//! The site that runs: whether it is the one that a start would give, whether it can be reached, and what it answers.
//! Pure.

use crate::commands::health::{Answer, Question};
use crate::commands::running::{Memory, Running};
use crate::model::Notice;
use crate::process::procfs::listeners::Listener;
use crate::process::reachability::Reachability;

use super::problem::{Cause, Problem};

/// A site that runs, and what it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What runs.
    pub running: Running,
    /// What it was asked.
    pub question: Question,
    /// What it answered.
    pub answer: Answer,
}

const HOW_TO_BIND: &str = "a start-up command finds the port in `PORT` and the address in `HOST`: `--bind=$HOST:$PORT`";

impl Site {
    /// Does it fail at what it was asked, rather than not answer at all?
    pub(super) fn answers_with_an_error(&self) -> bool {
        matches!(self.answer, Answer::Status(500..))
    }

    /// The first thing that is wrong with it, the most telling one first; `None` if it serves what it should.
    pub(super) fn problem(&self) -> Option<Problem> {
        self.other_than_a_start_would_give().or_else(|| self.unreachable()).or_else(|| self.unhealthy())
    }

    fn other_than_a_start_would_give(&self) -> Option<Problem> {
        let other = self.running.restart_would_start.as_ref()?;
        let Running { what, .. } = &self.running;
        let message = format!("{what} runs {}; a restart would start {other}", self.running.since());
        Some(
            Problem::new(Cause::Outdated, message)
                .with_hint("restart the container: an app is looked for when it starts"),
        )
    }

    fn unreachable(&self) -> Option<Problem> {
        let Running { port, listeners, own_listeners, .. } = &self.running;
        let is_own = |pid| own_listeners.iter().any(|own| own.pid == Some(pid) && !is_sshd(own));
        let found = Reachability::judge(listeners, *port, is_own);
        match &found {
            Reachability::Reachable => None,
            Reachability::NoListener => Some(self.nobody_listens()),
            Reachability::Taken(_) => {
                let Notice { message, hint } = found.notice(*port)?;
                Some(Problem { hint, ..Problem::new(Cause::PortTaken, message) })
            }
            Reachability::Loopback(own) => Some(
                Problem::new(
                    Cause::Loopback,
                    format!(
                        "the site listens on `{}` alone: nothing from outside of the container reaches it",
                        own.address
                    ),
                )
                .with_hint(format!("listen on `0.0.0.0`; {HOW_TO_BIND}")),
            ),
            Reachability::OtherPorts(own) => {
                let other = own.first().map_or(0, |own| own.port);
                Some(
                    Problem::new(
                        Cause::WrongPort,
                        format!("the site listens on port {other}, and port {port} is asked for"),
                    )
                    .with_hint(format!("{HOW_TO_BIND}; or tell everybody else with `PORT={other}`")),
                )
            }
        }
    }

    fn nobody_listens(&self) -> Problem {
        let Running { port, what, .. } = &self.running;
        if let Some(problem) = out_of_memory(&self.running.memory) {
            return problem;
        }
        let message = format!("nobody listens on port {port}: {what} runs {}", self.running.since());
        Problem::new(Cause::NotListening, message)
            .with_hint(format!("see its log for what it waits for or fails at; {HOW_TO_BIND}"))
    }

    fn unhealthy(&self) -> Option<Problem> {
        let Question { port, path, limit, .. } = &self.question;
        let problem = match &self.answer {
            Answer::Status(status @ 500..) => {
                Problem::new(Cause::ServerError, format!("the site answers {status} to GET {path}"))
                    .with_hint("its log has the traceback")
            }
            answer if answer.is_healthy() => return None,
            Answer::Late => {
                let seconds = limit.as_secs_f64();
                let message =
                    format!("the site accepts connections on port {port}, and does not answer within {seconds} s");
                Problem::new(Cause::NoAnswer, message).with_hint(
                    "all its workers are busy, stuck or being restarted: see its log, and give it more with \
                     `WEB_CONCURRENCY=auto`",
                )
            }
            Answer::NotHttp => Problem::new(Cause::NoAnswer, answer_line(self))
                .with_hint("what listens there is no web server, or one that wants TLS"),
            _ => Problem::new(Cause::NoAnswer, answer_line(self))
                .with_hint("whoever took the request has hung up, most often a worker that ended: its log says why"),
        };
        Some(out_of_memory(&self.running.memory).unwrap_or(problem))
    }
}

/// The problem, where the kernel has killed something for want of memory.
pub(super) fn out_of_memory(memory: &Memory) -> Option<Problem> {
    Some(Problem::new(Cause::Memory, memory.sentence()?).with_hint(HOW_TO_GET_MEMORY))
}

fn answer_line(site: &Site) -> String {
    site.answer.line(&site.question)
}

/// For whoever runs out of it.
pub(super) const HOW_TO_GET_MEMORY: &str =
    "raise the memory limit of the container, or run fewer workers (`WEB_CONCURRENCY=auto` counts with the limit)";

/// The one that the image starts beside the app.
fn is_sshd(listener: &Listener) -> bool {
    listener.program.as_deref().is_some_and(|program| program.contains("sshd"))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::*;

    fn listener(address: &str, port: u16, pid: Option<i32>) -> Listener {
        Listener { address: address.parse::<IpAddr>().unwrap(), port, pid, program: Some("gunicorn".into()) }
    }

    /// A site of process 1 on port 8000 with these listeners, of which those of process 1 and 7 are its own.
    fn site(listeners: &[Listener], answer: Answer) -> Site {
        let own = |listener: &&Listener| matches!(listener.pid, Some(1 | 7));
        let running = Running {
            what: "`app:app`".into(),
            pid: 1,
            since: Some(0),
            restart_would_start: None,
            changed_files: Vec::new(),
            port: 8000,
            listeners: listeners.to_vec(),
            own_listeners: listeners.iter().filter(own).cloned().collect(),
            memory: Memory::default(),
        };
        let question = Question { port: 8000, path: "/up".into(), limit: Duration::from_secs(5) };
        Site { running, question, answer }
    }

    fn cause(site: &Site) -> Option<Cause> {
        site.problem().map(|problem| problem.cause)
    }

    #[test]
    fn where_a_site_listens_is_told_before_what_it_answers() {
        let everywhere = listener("0.0.0.0", 8000, Some(1));
        let sshd = Listener { program: Some("sshd: /usr/sbin/sshd".into()), ..listener("0.0.0.0", 2222, Some(7)) };
        let ok = Answer::Status(200);
        let rows = [
            ("all is well", vec![everywhere.clone(), sshd.clone()], ok.clone(), None),
            ("a child of the server", vec![listener("::", 8000, Some(7))], ok.clone(), None),
            ("nobody", vec![sshd.clone()], Answer::Refused, Some(Cause::NotListening)),
            ("another port", vec![listener("0.0.0.0", 5000, Some(7)), sshd], Answer::Refused, Some(Cause::WrongPort)),
            ("loopback", vec![listener("127.0.0.1", 8000, Some(1))], ok.clone(), Some(Cause::Loopback)),
            (
                "loopback of one family",
                vec![listener("127.0.0.1", 8000, Some(1)), listener("::", 8000, Some(1))],
                ok.clone(),
                None,
            ),
            ("a stranger", vec![listener("0.0.0.0", 8000, Some(99))], ok.clone(), Some(Cause::PortTaken)),
            ("nobody knows who", vec![listener("0.0.0.0", 8000, None)], ok, None),
            ("a failing site", vec![everywhere.clone()], Answer::Status(503), Some(Cause::ServerError)),
            ("a login", vec![everywhere.clone()], Answer::Status(401), None),
            ("a stuck site", vec![everywhere.clone()], Answer::Late, Some(Cause::NoAnswer)),
            ("no web server", vec![everywhere.clone()], Answer::NotHttp, Some(Cause::NoAnswer)),
            ("a dying worker", vec![everywhere], Answer::Broken("reset".into()), Some(Cause::NoAnswer)),
        ];
        for (row, listeners, answer, expected) in rows {
            assert_eq!(cause(&site(&listeners, answer)), expected, "{row}");
        }
    }

    #[test]
    fn another_site_than_a_start_would_give_comes_first() {
        let mut site = site(&[], Answer::Refused);
        site.running.restart_would_start = Some("`main:app`".into());
        let problem = site.problem().unwrap();
        assert_eq!(problem.cause, Cause::Outdated);
        assert!(problem.message.starts_with("`app:app` runs since 00:00 UTC, "), "{}", problem.message);
        assert!(problem.message.ends_with("; a restart would start `main:app`"), "{}", problem.message);
    }

    #[test]
    fn what_was_killed_for_memory_explains_a_silence_and_no_answer() {
        let everywhere = [listener("0.0.0.0", 8000, Some(1))];
        for (listeners, answer, expected) in [
            (&everywhere[..], Answer::Late, Some(Cause::Memory)),
            (&[], Answer::Refused, Some(Cause::Memory)),
            (&everywhere, Answer::Status(200), None),
        ] {
            let mut site = site(listeners, answer);
            site.running.memory = Memory { killed: 2, limit: Some(1 << 27) };
            assert_eq!(cause(&site), expected);
        }
    }
}
