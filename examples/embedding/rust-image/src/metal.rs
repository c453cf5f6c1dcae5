//! The parts of leat/metal.h and leat/virtio.h that are used here; they aren't in leat-sys, which has the functions of the shared library.
#![allow(non_camel_case_types)]

use core::ffi::c_void;
use core::ptr::{null, null_mut};
use leat::sys::{c_char, leat_err, leat_host, leat_mac, leat_netif};

/// `struct leat_metal`
#[repr(C)]
pub struct leat_metal {
    pub host: *mut leat_host,
    pub command_line: *const c_char,
    pub memory: *mut c_void,
    pub memory_bytes: usize,
    pub archive: *const c_void,
    pub archive_bytes: usize,
}

/// `struct leat_virtio_config`
#[repr(C)]
pub struct leat_virtio_config {
    pub metal: *mut leat_metal,
    pub number: u32,
    pub mac: *const leat_mac,
    pub mtu: u16,
    pub no_offload: bool,
    pub reserved: [u64; 2],
}

impl leat_virtio_config {
    /// Every member's default.
    pub const ZERO: leat_virtio_config =
        leat_virtio_config { metal: null_mut(), number: 0, mac: null(), mtu: 0, no_offload: false, reserved: [0; 2] };
}

/// `struct leat_virtio`
#[repr(C)]
pub struct leat_virtio {
    _private: [u8; 0],
}

extern "C" {
    pub fn leat_virtio_open(virtio: *mut *mut leat_virtio, config: *const leat_virtio_config, why: *mut *const c_char) -> leat_err;
    pub fn leat_virtio_netif(virtio: *mut leat_virtio) -> *mut leat_netif;
    pub fn leat_virtio_rng_use(metal: *mut leat_metal) -> leat_err;
    pub fn leat_metal_exit(status: i32) -> !;
}

/// The text of C's. Safety: it has a NUL, and lasts for ever.
pub unsafe fn text(text: *const c_char) -> &'static str {
    let mut len = 0;
    while *text.add(len) != 0 {
        len += 1;
    }
    core::str::from_utf8_unchecked(core::slice::from_raw_parts(text.cast(), len))
}
