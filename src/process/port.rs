//! Whether a port is free, asked by trying it.
#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, SocketAddrV4};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};

/// Could a server listen on this port on all addresses of IPv4? Asked as gunicorn does it: connections of a former
/// server that are still closing do not count. What the kernel refuses for another reason than that the port is taken,
/// the server will hear itself. Three system calls.
#[must_use]
pub fn is_free(port: u16) -> bool {
    let try_it = || {
        let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        net::sockopt::set_socket_reuseaddr(&socket, true)?;
        net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port))
    };
    try_it() != Err(Errno::ADDRINUSE)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_free_unless_somebody_listens_on_it_for_ipv4() {
        for host in ["127.0.0.1", "::1"] {
            let Ok(socket) = TcpListener::bind((host, 0)) else {
                assert_eq!(host, "::1", "only IPv6 may be missing");
                continue;
            };
            let port = socket.local_addr().unwrap().port();
            assert_eq!(is_free(port), host == "::1", "another address of the same port is free");
            drop(socket);
            assert!(is_free(port));
        }
    }
}
