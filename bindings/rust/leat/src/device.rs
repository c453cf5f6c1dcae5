//! Devices of Linux: the source of a stack's frames.

use crate::addr::{c_text, Cidr, Ip};
use crate::error::{text_of, Error, Result};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ptr::{null, null_mut};
use leat_sys as c;
use std::os::unix::io::{IntoRawFd, RawFd};

/// A function that closes a device.
pub(crate) type Close = Box<dyn FnOnce()>;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Socket {}
    impl Sealed for super::Tap {}
    impl Sealed for super::Passt {}
}

/// A device that can be opened for one stack.
pub trait Device: sealed::Sealed {
    /// Opens it: the backend, and how to close it.
    #[doc(hidden)]
    fn open(self, posix: *mut c::leat_posix) -> Result<(*mut c::leat_netif, Box<dyn FnOnce()>)>;
}

fn checked(code: c::leat_err, why: &[c::c_char]) -> Result<()> {
    if code == c::LEAT_OK {
        return Ok(());
    }
    // SAFETY: leat has written a text
    Err(Error::new(code, &unsafe { text_of(why.as_ptr()) }))
}

fn socket_of(
    open: impl FnOnce(*mut *mut c::leat_socket, *mut c::c_char) -> c::leat_err,
) -> Result<(*mut c::leat_netif, Close)> {
    let (mut socket, mut why) = (null_mut(), [0; c::LEAT_WHY_BYTES as usize]);
    checked(open(&mut socket, why.as_mut_ptr()), &why)?;
    // SAFETY: the socket is open, and closed once
    Ok((unsafe { c::leat_socket_netif(socket) }, Box::new(move || unsafe { c::leat_socket_close(socket) })))
}

/// Frames over a UNIX socket: of QEMU, passt, or another stack.
pub struct Socket {
    path: Option<String>,
    fd: RawFd,
    /// Wait at the path for a peer.
    pub listen: bool,
    /// A datagram for each frame, instead of a stream of them.
    pub datagrams: bool,
    /// Both ends must agree; 0: 1,500.
    pub mtu: u16,
    /// Leave out checksums, between two stacks of leat that both do so.
    pub marks: bool,
}

impl Socket {
    /// The socket at a path.
    pub fn path(path: &str) -> Socket {
        Socket { path: Some(path.to_string()), fd: -1, listen: false, datagrams: false, mtu: 0, marks: false }
    }

    /// A connected socket, such as one end of a pair.
    pub fn connected(socket: impl IntoRawFd) -> Socket {
        Socket { path: None, fd: socket.into_raw_fd(), listen: false, datagrams: false, mtu: 0, marks: false }
    }
}

impl Device for Socket {
    fn open(mut self, posix: *mut c::leat_posix) -> Result<(*mut c::leat_netif, Close)> {
        let path = self.path.as_deref().map(c_text);
        let config = c::leat_socket_config {
            path: path.as_ref().map_or(null(), |text| text.as_ptr()),
            fd: core::mem::replace(&mut self.fd, -1), // leat's from here on
            listen: self.listen,
            framing: if self.datagrams { c::LEAT_SOCKET_DATAGRAM } else { c::LEAT_SOCKET_STREAM },
            mtu: self.mtu,
            marks: self.marks,
            posix,
            ..Default::default()
        };
        // SAFETY: all arguments are valid
        socket_of(|socket, why| unsafe { c::leat_socket_open(socket, &config, why) })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.fd >= 0 {
            use std::os::unix::io::FromRawFd;
            // SAFETY: the descriptor is ours
            drop(unsafe { std::os::unix::net::UnixStream::from_raw_fd(self.fd) });
        }
    }
}

/// A TAP device of Linux.
pub struct Tap {
    name: String,
}

impl Tap {
    /// The device of that name.
    pub fn new(name: &str) -> Tap {
        Tap { name: name.to_string() }
    }
}

impl Device for Tap {
    fn open(self, posix: *mut c::leat_posix) -> Result<(*mut c::leat_netif, Close)> {
        let name = c_text(&self.name);
        let config = c::leat_tap_config { device: name.as_ptr(), posix, ..Default::default() };
        let (mut tap, mut why) = (null_mut(), [0; c::LEAT_WHY_BYTES as usize]);
        // SAFETY: all arguments are valid
        checked(unsafe { c::leat_tap_open(&mut tap, &config, why.as_mut_ptr()) }, &why)?;
        // SAFETY: the device is open, and closed once
        Ok((unsafe { c::leat_tap_netif(tap) }, Box::new(move || unsafe { c::leat_tap_close(tap) })))
    }
}

/// The network of this machine without root, by passt, which runs as a child.
pub struct Passt {
    address: Cidr,
    gateway: Ip,
    tcp: Vec<String>,
    udp: Vec<String>,
}

impl Passt {
    /// Our address with its prefix, and passt's own address in it.
    pub fn new(address: Cidr, gateway: Ip) -> Passt {
        Passt { address, gateway, tcp: Vec::new(), udp: Vec::new() }
    }

    /// Forwards a port to us: "[ADDRESS/]PORT[:OURS]".
    pub fn tcp(mut self, port: &str) -> Passt {
        self.tcp.push(port.to_string());
        self
    }

    /// The same for UDP.
    pub fn udp(mut self, port: &str) -> Passt {
        self.udp.push(port.to_string());
        self
    }
}

impl Device for Passt {
    fn open(self, posix: *mut c::leat_posix) -> Result<(*mut c::leat_netif, Close)> {
        let texts: Vec<Vec<_>> = [&self.tcp, &self.udp].iter().map(|of| of.iter().map(|text| c_text(text)).collect()).collect();
        let lists: Vec<Vec<*const c::c_char>> =
            texts.iter().map(|of: &Vec<Vec<_>>| of.iter().map(|text| text.as_ptr()).chain(Some(null())).collect()).collect();
        let config = c::leat_passt_config {
            tcp: lists[0].as_ptr(),
            udp: lists[1].as_ptr(),
            ip: self.address.ip.0,
            prefix_bits: self.address.bits,
            gateway: self.gateway.0,
            posix,
            ..Default::default()
        };
        // SAFETY: all arguments are valid
        socket_of(|socket, why| unsafe { c::leat_passt_open(socket, &config, why) })
    }
}
