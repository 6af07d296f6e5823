//! How many requests gunicorn works on at a time: workers, and threads in each.

use std::fmt;

use super::choice::Inputs;
use crate::gunicorn::options::UserOptions;
use crate::model::Interface;
use crate::process::cgroup::Limits;
use crate::settings::{Settings, Workers};

/// The threads of each worker where the number of workers is ours to choose: as many as keep a site answering whose
/// requests mostly wait, and few enough for the memory of one process.
const THREADS: u16 = 8;

/// Workers and threads, and why so many.
#[derive(Clone, Debug, PartialEq)]
pub struct Concurrency {
    /// Processes that answer.
    pub workers: u64,
    /// Threads of each; `None` where that is gunicorn's own one.
    pub threads: Option<u16>,
    /// The limits that the number of workers comes from, where it was ours to choose.
    pub limits: Option<Limits>,
}

impl Concurrency {
    /// Of a gunicorn with these options; `None` where the user has set the number in them.
    pub(super) fn of(options: &UserOptions, interface: Interface, inputs: &Inputs) -> Option<Self> {
        let settings = inputs.settings;
        let limits = limits(inputs);
        let workers = match &limits {
            Some(limits) => limits.workers(),
            None => settings.environ.filled("WEB_CONCURRENCY").map_or(Some(1), |set| set.to_str()?.parse().ok())?,
        };
        let threads = threads(settings, options, interface);
        (!options.sets("workers")).then_some(Self { workers, threads, limits })
    }
}

/// The limits of the container, where they are to be turned into workers.
pub(super) fn limits(inputs: &Inputs) -> Option<Limits> {
    (inputs.settings.workers == Workers::Auto).then(|| Limits::of_this_container(inputs.files))
}

/// The threads of each worker, where the user has not chosen a class of worker or a number. Threads are for WSGI: an ASGI
/// app has an event loop.
pub(super) fn threads(settings: &Settings, options: &UserOptions, interface: Interface) -> Option<u16> {
    let is_chosen = options.sets("worker_class") || options.sets("threads");
    if interface == Interface::Asgi || is_chosen {
        return None;
    }
    let threads = settings.threads.or((settings.workers == Workers::Auto).then_some(THREADS));
    threads.filter(|threads| *threads > 1)
}

impl fmt::Display for Concurrency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} worker{}", self.workers, if self.workers == 1 { "" } else { "s" })?;
        if let Some(threads) = self.threads {
            write!(out, " with {threads} threads{}", if self.workers == 1 { "" } else { " each" })?;
        }
        self.limits.map_or(Ok(()), |limits| write!(out, " ({limits})"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::decide::decide;
    use crate::files::Memory;
    use crate::settings::{Flags, Settings, table};

    /// What is said, and the arguments that gunicorn gets by variable.
    fn concurrency(app: &str, vars: &[(&str, &str)]) -> (Option<String>, String) {
        let files = Memory::default()
            .program("/bin/python3", "")
            .program("/bin/gunicorn", "\x7fELF")
            .file("/site/app.py", app)
            .file("/proc/self/cgroup", "0::/\n")
            .file("/sys/fs/cgroup/cpu.max", "50000 100000\n");
        let environ = vars.iter().copied().chain([("PATH", "/bin"), ("XDG_RUNTIME_DIR", "/")]).collect();
        let flags = Flags::default().with(&table::APP_ROOT.row, "/site");
        let decision = decide(&Settings::new(flags, &environ, Path::new("/")).unwrap(), &files);
        let arguments = decision.environ.filled("GUNICORN_CMD_ARGS").unwrap_or_default();
        (decision.concurrency.map(|found| found.to_string()), arguments.to_string_lossy().into_owned())
    }

    #[test]
    fn workers_and_threads_are_ours_only_where_nobody_else_has_chosen() {
        let wsgi = "from flask import Flask\napp = Flask(__name__)\n";
        let limits = "(a CPU quota of 0.5, no memory limit)";
        let auto = ("WEB_CONCURRENCY", "auto");
        for (row, vars, said, arguments) in [
            ("nothing", &[][..], Some("1 worker".to_owned()), ""),
            ("a number", &[("WEB_CONCURRENCY", "3")], Some("3 workers".to_owned()), ""),
            ("auto", &[auto], Some(format!("1 worker with 8 threads {limits}")), "--threads 8"),
            ("auto, no threads", &[auto, ("PYSTART_THREADS", "1")], Some(format!("1 worker {limits}")), ""),
            ("threads", &[("PYSTART_THREADS", "4")], Some("1 worker with 4 threads".to_owned()), "--threads 4"),
            (
                "threads each",
                &[("WEB_CONCURRENCY", "2"), ("PYSTART_THREADS", "4")],
                Some("2 workers with 4 threads each".to_owned()),
                "--threads 4",
            ),
            ("own workers", &[auto, ("GUNICORN_CMD_ARGS", "-w 5")], None, "--threads 8 -w 5"),
            (
                "own threads",
                &[auto, ("GUNICORN_CMD_ARGS", "--threads 2")],
                Some(format!("1 worker {limits}")),
                "--threads 2",
            ),
            ("own class", &[auto, ("GUNICORN_CMD_ARGS", "-k gevent")], Some(format!("1 worker {limits}")), "-k gevent"),
        ] {
            let (own, own_arguments) = concurrency(wsgi, vars);
            let own = own.map(|text| {
                // The machine's own number of processors is no matter of this test.
                text.split_once("processor").map_or(text.clone(), |(before, after)| {
                    let before = before.rsplit_once('(').map_or("", |(before, _)| before);
                    format!("{before}({}", after.trim_start_matches("s, ").trim_start_matches(", "))
                })
            });
            assert_eq!((own, own_arguments.as_str()), (said, arguments), "{row}");
        }
    }
}
