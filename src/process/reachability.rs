//! Whether other hosts can reach the site on the port that is expected, and what listens instead.
#![forbid(unsafe_code)]

use std::fmt;

use nix::libc::pid_t;

use super::procfs::listeners::{self, Listener};
use super::procfs::processes::{self, Processes};
use super::sshd;
use crate::model::Notice;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reachability {
    /// A socket on this port takes connections of other hosts.
    Reachable,
    /// The site listens on the port for this host alone.
    Loopback(Listener),
    /// The site listens, but on other ports; never empty.
    OtherPorts(Vec<Listener>),
    /// Somebody else has the port, and the site listens nowhere.
    Taken(Listener),
    /// No socket listens on the port, and none of the site's anywhere.
    NoListener,
}

impl Reachability {
    /// Looks at the sockets of `root` and the processes below it. `None`: `/proc` cannot say.
    ///
    /// Where the site is reachable, which is nearly always, the table of sockets and the descriptors of a process or two
    /// tell; only another answer needs a look at every process and all of its descriptors.
    #[must_use]
    pub(crate) fn below(root: pid_t, port: u16) -> Option<Self> {
        if !processes::are_of_this_namespace() {
            return None;
        }
        if open_listener(root, port).is_some() {
            return Some(Self::Reachable);
        }
        let processes = Processes::now()?;
        let mut own: Vec<pid_t> = processes.descendants(root).into_iter().map(|process| process.pid).collect();
        own.push(root);
        let ssh: Vec<pid_t> = processes
            .called(sshd::KEEPER)
            .flat_map(|keeper| processes.descendants(keeper.pid))
            .map(|p| p.pid)
            .collect();
        let is_the_sites = |pid: pid_t| own.contains(&pid) && !ssh.contains(&pid);
        Some(Self::judge(&listeners::listeners(), port, is_the_sites))
    }

    /// From everybody who listens, and which processes are the site's. A listener whose process cannot be seen is taken
    /// for the site's on this port, and for somebody else's on another.
    pub(crate) fn judge(listeners: &[Listener], port: u16, is_the_sites: impl Fn(pid_t) -> bool) -> Self {
        let (here, elsewhere): (Vec<&Listener>, Vec<_>) = listeners.iter().partition(|listener| listener.port == port);
        let own: Vec<&Listener> =
            here.iter().copied().filter(|listener| listener.pid.is_none_or(&is_the_sites)).collect();
        if own.iter().any(|listener| !listeners::is_loopback(listener.address)) {
            return Self::Reachable;
        }
        if let Some(own) = own.first() {
            return Self::Loopback((*own).clone());
        }
        let elsewhere: Vec<Listener> =
            elsewhere.into_iter().filter(|listener| listener.pid.is_some_and(&is_the_sites)).cloned().collect();
        match here.first() {
            _ if !elsewhere.is_empty() => Self::OtherPorts(elsewhere),
            Some(stranger) => Self::Taken((*stranger).clone()),
            None => Self::NoListener,
        }
    }

    /// What a person should know about a site expected on `port`; nothing if it can be reached.
    #[must_use]
    pub(crate) fn notice(&self, port: u16) -> Option<Notice> {
        let elsewhere = |listeners: &[Listener]| Notice {
            message: format!("{}; the site is expected on 0.0.0.0:{port}", List(listeners)),
            hint: Some("let the server listen on the address `0.0.0.0` and on the port in `PORT`".into()),
        };
        match self {
            Self::Reachable => None,
            Self::Loopback(listener) => Some(elsewhere(std::slice::from_ref(listener))),
            Self::OtherPorts(listeners) => Some(elsewhere(listeners)),
            Self::Taken(stranger) => Some(Notice {
                message: format!("port {port} is taken by {stranger}, which is not the site"),
                hint: Some("stop it, then restart the container".into()),
            }),
            Self::NoListener => Some(Notice { message: format!("nobody listens on port {port} yet"), hint: None }),
        }
    }
}

/// The socket that makes the site reachable, where one of the first processes of its tree holds it.
#[must_use]
pub(crate) fn open_listener(root: pid_t, port: u16) -> Option<Listener> {
    listeners::open_listener(port, processes::nearest(root, sshd::KEEPER))
}

/// "`python server.py` (12) listens on 127.0.0.1:5000"
struct List<'a>(&'a [Listener]);

impl fmt::Display for List<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, listener) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match (&listener.program, listener.pid) {
                (Some(program), Some(pid)) => write!(out, "{comma}`{program}` ({pid})")?,
                _ => write!(out, "{comma}{listener}")?,
            }
            write!(out, " listens on {}", std::net::SocketAddr::new(listener.address, listener.port))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(address: &str, port: u16, pid: Option<pid_t>) -> Listener {
        let program = pid.map(|_| "python server.py".to_owned());
        Listener { address: address.parse().unwrap(), port, pid, program }
    }

    #[test]
    fn a_socket_for_other_hosts_on_the_port_is_what_makes_a_site_reachable() {
        let (ours, other) = (Some(12), Some(99));
        let rows = [
            ("all addresses", listener("0.0.0.0", 8000, ours), "reachable"),
            ("one address", listener("10.0.0.7", 8000, ours), "reachable"),
            ("all addresses of IPv6", listener("::", 8000, ours), "reachable"),
            ("another user's process", listener("0.0.0.0", 8000, None), "reachable"),
            ("loopback", listener("127.0.0.1", 8000, ours), "loopback"),
            ("loopback of IPv6", listener("::1", 8000, ours), "loopback"),
            ("loopback of IPv4 by IPv6", listener("::ffff:127.0.0.1", 8000, ours), "loopback"),
            ("loopback of nobody knows whom", listener("127.0.0.1", 8000, None), "loopback"),
            ("another port", listener("0.0.0.0", 5000, ours), "other"),
            ("a stranger's", listener("0.0.0.0", 8000, other), "taken"),
            ("a stranger's, somewhere", listener("127.0.0.1", 5000, None), "none"),
        ];
        for (row, listener, expected) in rows {
            let found = match Reachability::judge(&[listener], 8000, |pid| pid == 12) {
                Reachability::Reachable => "reachable",
                Reachability::Loopback(_) => "loopback",
                Reachability::OtherPorts(_) => "other",
                Reachability::Taken(_) => "taken",
                Reachability::NoListener => "none",
            };
            assert_eq!(found, expected, "{row}");
        }
    }

    #[test]
    fn the_notice_says_what_listens_and_where_it_is_expected() {
        let listeners = vec![listener("127.0.0.1", 5000, Some(12)), listener("::1", 1, Some(13))];
        let message = |found: Reachability| found.notice(8000).map(|notice| notice.message);
        assert_eq!(
            message(Reachability::OtherPorts(listeners)).as_deref(),
            Some(
                "`python server.py` (12) listens on 127.0.0.1:5000, `python server.py` (13) listens on [::1]:1; \
                 the site is expected on 0.0.0.0:8000"
            )
        );
        assert_eq!(message(Reachability::NoListener).as_deref(), Some("nobody listens on port 8000 yet"));
        assert_eq!(message(Reachability::Reachable), None);
    }
}
