//! How many transactions there have been in a network namespace, as its nftables counts them.

use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// The number of the ruleset of the calling thread's namespace: each transaction of anybody raises it by one.
pub fn generation() -> u32 {
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(NETFILTER)).unwrap();
    // Length, kind "read the generation" of subsystem 10, a request, number 1, port, family and version, resource.
    let mut request = Vec::new();
    for part in [20_u32.to_ne_bytes(), [16, 10, 1, 0], 1_u32.to_ne_bytes(), [0; 4], [0; 4]] {
        request.extend(part);
    }
    sendto(&socket, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).unwrap();
    let mut answer = [0_u8; 512];
    recv(&socket, answer.as_mut_slice(), RecvFlags::empty()).unwrap();
    // Its first attribute, of type 1, is the number in network order.
    assert_eq!(answer[22..24], 1_u16.to_ne_bytes());
    u32::from_be_bytes(answer[24..28].try_into().unwrap())
}
