//! The netlink socket: bytes out, datagrams in.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::{
    Timeout, set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, set_socket_send_buffer_size,
    set_socket_send_buffer_size_force, set_socket_timeout, socket_send_buffer_size,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recvfrom, sendto, socket_with,
};

/// One send is one transaction, so the send buffer bounds a transaction; the kernel doubles it. It is a bound, and no
/// memory is taken for it.
const SEND: usize = 256 << 20;
/// As many errors as a transaction may have.
const RECEIVE: usize = 64 << 20;
/// Dumps come in datagrams as long as the reader's buffer, up to 32 KiB; an error echoes up to 64 KiB.
const DATAGRAM: usize = 256 << 10;

/// A netlink socket to the kernel's netfilter, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(super) struct Socket {
    descriptor: OwnedFd,
    datagram: Vec<u8>,
}

impl Socket {
    pub(super) fn open(timeout: Duration) -> Result<Self, Errno> {
        let descriptor =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(NETFILTER))?;
        bind(&descriptor, &kernel())?;
        // Beyond the system's ceiling only with rights on the host itself; else big batches are refused (EMSGSIZE).
        set_socket_send_buffer_size_force(&descriptor, SEND)
            .or_else(|_| set_socket_send_buffer_size(&descriptor, SEND))?;
        set_socket_recv_buffer_size_force(&descriptor, RECEIVE)
            .or_else(|_| set_socket_recv_buffer_size(&descriptor, RECEIVE))?;
        set_socket_timeout(&descriptor, Timeout::Recv, Some(timeout))?;
        Ok(Self { descriptor, datagram: vec![0; DATAGRAM] })
    }

    /// The most bytes of one send, and so of one transaction.
    pub(super) fn longest(&self) -> usize {
        socket_send_buffer_size(&self.descriptor).unwrap_or(0)
    }

    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), Errno> {
        loop {
            match sendto(&self.descriptor, bytes, SendFlags::empty(), &kernel()) {
                Err(Errno::INTR) => {}
                // A transaction sent in two parts would be two.
                Ok(sent) if sent < bytes.len() => return Err(Errno::MSGSIZE),
                sent => return sent.map(drop),
            }
        }
    }

    /// The next datagram of the kernel's; waits for it up to the timeout ([`Errno::AGAIN`]).
    pub(super) fn receive(&mut self) -> Result<&[u8], Errno> {
        let length = self.next()?;
        self.datagram.get(..length).ok_or(Errno::MSGSIZE)
    }

    fn next(&mut self) -> Result<usize, Errno> {
        loop {
            match recvfrom(&self.descriptor, self.datagram.as_mut_slice(), RecvFlags::TRUNC) {
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
                Ok((_, length, from)) => {
                    // Other programs can write to the port too; only the kernel's is 0.
                    let from = from.and_then(|address| SocketAddrNetlink::try_from(address).ok());
                    if from.is_some_and(|address| address.pid() == 0) {
                        return Ok(length);
                    }
                }
            }
        }
    }
}

fn kernel() -> SocketAddrNetlink {
    SocketAddrNetlink::new(0, 0)
}
