//! What runs in this container now, held against what a start would make of the files as they are: for `explain` and
//! `check`. The rules are in [`server`].

mod memory;
mod server;
mod since;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::commands::pid1::Source;
use crate::decide::Decision;
use crate::default_site;
use crate::files::Read;
use crate::model::Step;
use crate::path_text::lossless;
use crate::process::procfs::listeners::{self, Listener};
use crate::process::procfs::processes::{self, Process, Processes};
use crate::process::{port, procfs, reachability};
use crate::servers::find_call;
use crate::settings::{DEFAULT_PORT, Settings};
use crate::shell::redact::without_values;
use crate::shell::words::{self, quote};

pub use memory::Memory;
use server::First;

/// A site that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Running {
    /// What it serves: `the default site`, an app, or a command.
    pub what: String,
    /// The server's process.
    pub pid: i32,
    /// When it was started, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// What a restart would start instead; null where that is the same, or cannot be told.
    pub restart_would_start: Option<String>,
    /// Files of the app that were put there after the start.
    pub changed_files: Vec<String>,
    /// The port that the site was told to listen on.
    pub port: u16,
    /// Who listens in this container, by address and port; with [`with_listeners`](Self::with_listeners).
    pub listeners: Vec<Listener>,
    /// Those of them that are the site's.
    #[serde(skip)]
    pub own_listeners: Vec<Listener>,
    /// What was killed for want of memory.
    pub memory: Memory,
}

impl Running {
    /// The site that runs where we were called, without who listens; `None` where none does. `reads` are the files that the decision rests on.
    #[must_use]
    pub fn find(settings: &Settings, decision: &Decision, source: Source, reads: &[Read]) -> Option<Self> {
        let wanted = settings.port.unwrap_or(DEFAULT_PORT);
        // Asking for the port takes three system calls, looking for who has it hundreds.
        if source != Source::Container && port::is_free(wanted) {
            return None;
        }
        if !processes::are_of_this_namespace() {
            return None;
        }
        let server = match source {
            Source::Container => behind_pid_1(),
            Source::Process | Source::ProcessOfAnotherUser => started_by_hand(decision, wanted),
        }?;
        let words = procfs::words(server.pid);
        let since = server.start_time();
        let memory = if source == Source::Container { Memory::of_this_container() } else { Memory::default() };
        let is_current = is_current(&words, decision);
        let changed = since.map(|since| changed_since(&settings.app_root, reads, since)).unwrap_or_default();
        Some(Self {
            what: what_runs(&words),
            pid: server.pid,
            since: since.and_then(|time| Some(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())),
            restart_would_start: (is_current == Some(false)).then(|| what_would_run(decision)),
            changed_files: changed,
            port: wanted,
            listeners: Vec::new(),
            own_listeners: Vec::new(),
            memory,
        })
    }

    /// With everybody who listens here, which takes a look at all processes and their descriptors.
    #[must_use]
    pub fn with_listeners(mut self) -> Self {
        self.listeners = listeners::listeners();
        let all = Processes::now().unwrap_or_default();
        let mut own: Vec<i32> = all.descendants(self.pid).into_iter().map(|process| process.pid).collect();
        own.push(self.pid);
        let is_own = |listener: &&Listener| listener.pid.is_some_and(|pid| own.contains(&pid));
        self.own_listeners = self.listeners.iter().filter(is_own).cloned().collect();
        self
    }

    /// With the socket that makes it reachable alone, if it is: enough to know that it is, and found at once.
    #[must_use]
    pub fn with_listeners_if_unreachable(mut self) -> Self {
        let Some(open) = reachability::open_listener(self.pid, self.port) else { return self.with_listeners() };
        self.listeners = vec![open.clone()];
        self.own_listeners = vec![open];
        self
    }

    /// Since when, and for how long: `since 12:03 UTC, 4 min ago`.
    #[must_use]
    pub fn since(&self) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.since.map(|since| since::describe(since, now)).unwrap_or_default()
    }

    /// What runs, since when, and what a restart would change, on one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut sentence = format!("{} {} (process {})", self.what, self.since(), self.pid);
        if let Some(difference) = self.difference() {
            sentence.push_str("; ");
            sentence.push_str(&difference);
        }
        sentence
    }

    /// What makes a restart worth it, as the end of a sentence; `None` when it would start what runs already.
    #[must_use]
    pub fn difference(&self) -> Option<String> {
        if let Some(other) = &self.restart_would_start {
            return Some(format!("a restart would start {other}"));
        }
        let first = self.changed_files.first()?;
        Some(match self.changed_files.len() {
            1 => format!("`{first}` was changed after that, and only a restart loads it for certain"),
            count => format!(
                "`{first}` and {} more files were changed after that, and only a restart loads them for certain",
                count - 1
            ),
        })
    }
}

/// Would a start make this server again?
fn is_current(argv: &[OsString], decision: &Decision) -> Option<bool> {
    let Ok(launch) = &decision.outcome else { return Some(false) };
    if is_default_site(argv) != (decision.step == Step::DefaultSite) {
        return Some(false);
    }
    server::is_made_by(argv, launch, decision.target.as_deref())
}

/// The server that PID 1 is, or that it looks after as init.
fn behind_pid_1() -> Option<Process> {
    match server::first(&procfs::words(1)) {
        First::Server => Process::of(1),
        First::InitOf(pid) => Process::of(pid),
        First::Pystart => {
            let all = Processes::now()?;
            let children = all.children(1).filter(|child| !child.is_called("sshd"));
            children.min_by_key(|child| (child.start, child.pid)).cloned()
        }
    }
}

/// Outside of a container of ours: the process that listens on the port, if it is what we would start.
fn started_by_hand(decision: &Decision, port: u16) -> Option<Process> {
    let launch = decision.outcome.as_ref().ok()?;
    let pid = listeners::listener(port)?.pid?;
    let is_it = server::is_made_by(&procfs::words(pid), launch, decision.target.as_deref()) == Some(true);
    is_it.then(|| Process::of(pid)).flatten()
}

/// Of the files of the app root that were read, those that came to be as they are more than a second after this
/// moment: the kernel tells the start to the second. The time of the last change of the inode counts, which no
/// deployment sets back.
fn changed_since(app_root: &Path, reads: &[Read], moment: SystemTime) -> Vec<String> {
    let limit = moment + Duration::from_secs(1);
    let changed = |path: &Path| {
        let facts = fs::metadata(path).ok()?;
        let seconds = u64::try_from(facts.ctime()).ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) > limit)
    };
    let mut files: Vec<String> = reads
        .iter()
        .filter(|read| changed(&read.path) == Some(true))
        .filter_map(|read| Some(lossless(read.path.strip_prefix(app_root).ok()?.as_os_str()).into_owned()))
        .collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn is_default_site(argv: &[OsString]) -> bool {
    argv.iter().any(|word| {
        let folder = word.as_bytes().strip_prefix(b"--chdir=");
        folder.is_some_and(|folder| default_site::is_its_folder(Path::new(OsStr::from_bytes(folder))))
    })
}

/// What a command line serves.
fn what_runs(argv: &[OsString]) -> String {
    if is_default_site(argv) {
        return "the default site".into();
    }
    let title = argv.first().and_then(|title| server::title_app(title)).map(str::to_owned);
    title.or_else(|| gunicorn_app(argv)).map_or_else(|| command(argv), |app| format!("`{app}`"))
}

fn gunicorn_app(argv: &[OsString]) -> Option<String> {
    find_call(&words::join(argv)).filter(|call| call.server == "gunicorn")?.target
}

/// What the decision comes to, in the same words.
fn what_would_run(decision: &Decision) -> String {
    match (&decision.outcome, decision.step, &decision.target) {
        (Err(failure), ..) => format!("nothing: {}", failure.message),
        (_, Step::DefaultSite, _) => "the default site".into(),
        (_, Step::Custom, _) | (_, _, None) => {
            decision.outcome.as_ref().map(|launch| command(&launch.argv)).unwrap_or_default()
        }
        (_, _, Some(target)) => format!("`{target}`"),
    }
}

/// Longer than this a command line is cut: it is for a message.
const LENGTH: usize = 100;

fn command(argv: &[OsString]) -> String {
    let words: Vec<Vec<u8>> = without_values(argv).iter().map(|word| quote(word)).collect();
    let text = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_told_without_the_value_of_any_variable() {
        let shown = |words: &[&str]| what_runs(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(shown(&["sh", "-c", "DB=secret exec server"]), "`sh -c 'DB=... exec server'`");
        assert_eq!(shown(&["env", "DB=secret", "server", "--flag"]), "`env DB=... server --flag`");
    }
}
