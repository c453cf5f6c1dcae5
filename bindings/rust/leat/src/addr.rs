//! Addresses and their text.

use crate::error::{text_of, Error, Result};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use leat_sys as c;

/// A text with the NUL that C wants; a text with a NUL inside ends there for C.
pub(crate) fn c_text(text: &str) -> Vec<c::c_char> {
    text.bytes().chain(core::iter::once(0)).map(|byte| byte as c::c_char).collect()
}

/// An address of IPv4 or IPv6.
#[derive(Clone, Copy)]
pub struct Ip(pub(crate) c::leat_ip);

impl Ip {
    /// All addresses of both families.
    pub const ANY: Ip = Ip(c::leat_ip { bytes: [0; 16] });

    /// The address a.b.c.d.
    pub const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ip {
        Ip(c::leat_ip { bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] })
    }

    /// An IPv6 address, in network byte order; or an IPv4-mapped one.
    pub const fn from_bytes(bytes: [u8; 16]) -> Ip {
        Ip(c::leat_ip { bytes })
    }

    /// The bytes, in network byte order; IPv4 addresses are mapped ones (RFC 4291 2.5.5.2).
    pub const fn bytes(&self) -> [u8; 16] {
        self.0.bytes
    }

    /// True for an IPv4 address.
    pub fn is_v4(&self) -> bool {
        self.0.bytes[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
    }
}

impl PartialEq for Ip {
    fn eq(&self, other: &Ip) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for Ip {}

impl FromStr for Ip {
    type Err = Error;

    fn from_str(text: &str) -> Result<Ip> {
        let mut ip = Ip::ANY;
        // SAFETY: both arguments are valid
        if unsafe { c::leat_ip_parse(c_text(text).as_ptr(), &mut ip.0) } {
            Ok(ip)
        } else {
            Err(Error::new(c::LEAT_ERR_FORMAT, text))
        }
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; c::LEAT_IP_TEXT_BYTES as usize];
        // SAFETY: the array has the size that the function wants
        unsafe {
            c::leat_ip_format(self.0, text.as_mut_ptr());
            f.write_str(&text_of(text.as_ptr()))
        }
    }
}

impl fmt::Debug for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(feature = "std")]
impl From<std::net::IpAddr> for Ip {
    fn from(ip: std::net::IpAddr) -> Ip {
        match ip {
            std::net::IpAddr::V4(v4) => Ip::from_bytes(v4.to_ipv6_mapped().octets()),
            std::net::IpAddr::V6(v6) => Ip::from_bytes(v6.octets()),
        }
    }
}

/// An address with the bits of its prefix, such as "10.0.0.2/24".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The address.
    pub ip: Ip,
    /// Bits of the prefix: up to 32, or 128.
    pub bits: u8,
}

impl FromStr for Cidr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Cidr> {
        let mut cidr = Cidr { ip: Ip::ANY, bits: 0 };
        // SAFETY: all arguments are valid
        if unsafe { c::leat_ip_parse_cidr(c_text(text).as_ptr(), &mut cidr.ip.0, &mut cidr.bits) } {
            Ok(cidr)
        } else {
            Err(Error::new(c::LEAT_ERR_FORMAT, text))
        }
    }
}

/// An address and a port.
#[derive(Clone, Copy)]
pub struct Endpoint(pub(crate) c::leat_endpoint);

impl Endpoint {
    /// An endpoint without a zone.
    pub const fn new(ip: Ip, port: u16) -> Endpoint {
        Endpoint(c::leat_endpoint { ip: ip.0, port, zone: 0 })
    }

    /// The address.
    pub fn ip(&self) -> Ip {
        Ip(self.0.ip)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Endpoint) -> bool {
        self.ip() == other.ip() && self.0.port == other.0.port && self.0.zone == other.0.zone
    }
}

impl Eq for Endpoint {}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Endpoint> {
        let mut endpoint = Endpoint::new(Ip::ANY, 0);
        // SAFETY: both arguments are valid
        if unsafe { c::leat_endpoint_parse(c_text(text).as_ptr(), &mut endpoint.0) } {
            Ok(endpoint)
        } else {
            Err(Error::new(c::LEAT_ERR_FORMAT, text))
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; c::LEAT_ENDPOINT_TEXT_BYTES as usize];
        // SAFETY: the array has the size that the function wants
        unsafe {
            c::leat_endpoint_format(&self.0, text.as_mut_ptr());
            f.write_str(&text_of(text.as_ptr()))
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
