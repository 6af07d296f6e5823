//! Which sockets listen, and which processes hold them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;

use nix::libc::pid_t;
use serde::Serialize;

use super::{command_line, pids};

/// `TCP_LISTEN` of the kernel's `include/net/tcp_states.h`, as `/proc/net/tcp` prints it.
const LISTEN: &str = "0A";

/// A socket that accepts connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listener {
    /// The address it is bound to.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// The process that holds it; unknown when it belongs to another user or another namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Its command line, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

impl fmt::Display for Listener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, &self.program) {
            (Some(pid), Some(program)) => write!(out, "process {pid} (`{program}`)"),
            (Some(pid), None) => write!(out, "process {pid}"),
            (None, _) => out.write_str("a process that cannot be seen from here"),
        }
    }
}

/// Who listens on `port` in this network namespace; nobody when `/proc` cannot be read.
///
/// Takes milliseconds: for the tables in `/proc` the kernel walks through all its sockets.
#[must_use]
pub(crate) fn listener(port: u16) -> Option<Listener> {
    listeners_if(|listening| listening == port).into_iter().next()
}

/// Everybody who listens in this network namespace, by family, address and port; nobody when `/proc` cannot be read.
///
/// Takes as long as [`listener`].
#[must_use]
pub(crate) fn listeners() -> Vec<Listener> {
    listeners_if(|_| true)
}

/// The socket by which one of these processes listens on `port` for other hosts. They are looked at in their order, none
/// where nobody does, and none after the first that does.
pub(crate) fn open_listener(port: u16, pids: impl IntoIterator<Item = pid_t>) -> Option<Listener> {
    let sockets = sockets_if(|socket| socket.port == port && !is_loopback(socket.address));
    if sockets.is_empty() {
        return None;
    }
    let found = |pid| {
        let socket = sockets_of(pid).find_map(|inode| sockets.iter().find(|socket| socket.inode == inode))?;
        Some(Listener { address: socket.address, port, pid: Some(pid), program: command_line(pid) })
    };
    pids.into_iter().find_map(found)
}

/// Is it for this host alone?
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The sockets that listen and are wanted, by address and port.
fn sockets_if(is_wanted: impl Fn(&Socket) -> bool) -> Vec<Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables: Vec<String> = tables.into_iter().filter_map(|table| fs::read_to_string(table).ok()).collect();
    let mut sockets: Vec<Socket> = tables.iter().flat_map(|table| listening(table)).filter(is_wanted).collect();
    sockets.sort_unstable();
    sockets
}

fn listeners_if(is_wanted: impl Fn(u16) -> bool) -> Vec<Listener> {
    let sockets = sockets_if(|socket| is_wanted(socket.port));
    let holders = holders(&sockets);
    let name = |socket: &Socket| {
        let pid = holders.get(&socket.inode).copied();
        Listener { address: socket.address, port: socket.port, pid, program: pid.and_then(command_line) }
    };
    sockets.iter().map(name).collect()
}

/// A listening socket as the kernel's table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Socket {
    address: IpAddr,
    port: u16,
    inode: u64,
}

/// The sockets that listen, from the text of `/proc/net/tcp` or `tcp6`.
fn listening(table: &str) -> impl Iterator<Item = Socket> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (local, state) = (fields.nth(1)?, fields.nth(1)?);
        let (address, digits) = local.split_once(':').filter(|_| state == LISTEN)?;
        let port = u16::from_str_radix(digits, 16).ok()?;
        Some(Socket { address: address_of(address)?, port, inode: fields.nth(5)?.parse().ok()? })
    })
}

/// `0100007F` is 127.0.0.1: words of 32 bits in the byte order of the machine.
fn address_of(digits: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> = digits
        .as_bytes()
        .chunks(8)
        .map(|word| Some(u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok()?.to_ne_bytes()))
        .collect();
    match words?.as_slice() {
        [word] => Some(Ipv4Addr::from(*word).into()),
        [first, second, third, fourth] => {
            let mut bytes = [0; 16];
            for (place, word) in bytes.chunks_mut(4).zip([first, second, third, fourth]) {
                place.copy_from_slice(word);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// For each of the sockets' inodes the process with the smallest number that has it open: the parent of a server's
/// workers comes first.
fn holders(sockets: &[Socket]) -> BTreeMap<u64, i32> {
    let mut pids: Vec<i32> = pids().collect();
    pids.sort_unstable();
    let mut holders = BTreeMap::new();
    for pid in pids {
        if holders.len() == sockets.len() {
            break;
        }
        for inode in sockets_of(pid).filter(|inode| sockets.iter().any(|socket| socket.inode == *inode)) {
            holders.entry(inode).or_insert(pid);
        }
    }
    holders
}

/// The inodes of the sockets that a process has open; none if it is another user's.
fn sockets_of(pid: pid_t) -> impl Iterator<Item = u64> {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    links.filter_map(|link| inode_of(fs::read_link(link.path()).ok()?.as_os_str().as_bytes()))
}

/// `socket:[4711]`
fn inode_of(target: &[u8]) -> Option<u64> {
    str::from_utf8(target).ok()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const HEADER: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_table_gives_address_and_inode_of_the_listening_socket_only() {
        let table = format!(
            "{HEADER}   0: 0100007F:1F40 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0\n   \
             1: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0\n"
        );
        let sockets = |table: &str| listening(table).collect::<Vec<_>>();
        assert_eq!(sockets(&table), [Socket { address: IpAddr::from([127, 0, 0, 1]), port: 8000, inode: 4711 }]);
        let sixth = format!(
            "{HEADER}   0: 00000000000000000000000001000000:1F40 00000000000000000000000000000000:0000 0A \
             00000000:00000000 00:00000000 00000000     0        0 9 1 0\n"
        );
        assert_eq!(sockets(&sixth), [Socket { address: Ipv6Addr::LOCALHOST.into(), port: 8000, inode: 9 }]);
    }

    #[test]
    fn lines_of_another_form_are_no_listeners() {
        for table in ["", HEADER, "x\ny\n", "x\n 0: zz:1F40 0:0 0A 0 0 0 0 0 1\n", "x\n 0: 0100007F 0:0 0A\n"] {
            assert_eq!(listening(table).count(), 0, "{table:?}");
        }
    }

    #[test]
    fn a_listener_is_found_with_its_process_and_not_once_it_is_closed() {
        for host in ["127.0.0.1", "::1"] {
            let Ok(socket) = TcpListener::bind((host, 0)) else {
                assert_eq!(host, "::1", "only IPv6 may be missing");
                continue;
            };
            let port = socket.local_addr().unwrap().port();
            let found = listener(port).expect("our own socket");
            assert_eq!(found.address.to_string(), host);
            assert_eq!((found.port, found.pid), (port, i32::try_from(std::process::id()).ok()));
            assert!(listeners().contains(&found));
            assert!(found.to_string().contains("pystart"), "{found}");
            drop(socket);
            assert_eq!(listener(port), None);
        }
    }

    #[test]
    fn who_listens_for_other_hosts_is_looked_for_no_further_than_needed() {
        let own = std::process::id().cast_signed();
        let port = |socket: &TcpListener| socket.local_addr().unwrap().port();
        let everywhere = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        let here = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut asked = Vec::new();
        let mut listens = |port, pids: &[pid_t]| {
            asked.clear();
            let pids = pids.iter().copied().inspect(|pid| asked.push(*pid));
            (open_listener(port, pids).and_then(|found| found.pid), asked.clone())
        };
        assert_eq!(listens(port(&everywhere), &[1 << 30, own, own]), (Some(own), vec![1 << 30, own]));
        assert_eq!(listens(port(&everywhere), &[]), (None, vec![]));
        assert_eq!(listens(port(&here), &[own]), (None, vec![]), "of this host alone");
    }
}
