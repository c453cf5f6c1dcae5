//! A unikernel in Rust: leat's machine, a stack with one address, and an echo server on port 7. Ctrl-D on the console ends it.
#![no_std]
#![cfg_attr(wants_alloc_error_handler, feature(alloc_error_handler))]

extern crate alloc;

mod heap;
mod metal;

use alloc::format;
use core::ptr::{null, null_mut};
use leat::sys::{leat_host, LEAT_ERR_CANCELLED, LEAT_OK};

const ADDRESS: &str = "10.0.2.15/24";
const GATEWAY: &str = "10.0.2.2";
const PORT: u16 = 7;

/// Safety: the host is the machine's.
unsafe fn say(host: *mut leat_host, text: &str) {
    if let Some(console) = (*host).console {
        console(host, text.as_ptr().cast(), text.len());
    }
}

async fn echo(stream: leat::Stream) {
    while let Ok(Some(data)) = stream.receive().await {
        if stream.send(data).await.is_err() {
            break;
        }
    }
}

/// Safety: the machine is leat_metal_main()'s.
unsafe fn run(metal: *mut metal::leat_metal) -> leat::Result<()> {
    let host = (*metal).host;
    let device = metal::leat_virtio_config { metal, ..metal::leat_virtio_config::ZERO };
    let (mut virtio, mut why) = (null_mut(), null());
    metal::leat_virtio_rng_use(metal); // entropy, if the processor has none
    if metal::leat_virtio_open(&mut virtio, &device, &mut why) != LEAT_OK {
        say(host, metal::text(why));
        metal::leat_metal_exit(2);
    }
    heap::HEAP.give((*metal).memory, (*metal).memory_bytes); // the device has taken its part
    let mut config = leat::Config::new().address(ADDRESS)?.gateway(GATEWAY)?;
    config.stack.buf_count = 2048;
    config.tcp.connections = 256;
    config.udp.sockets = 16;
    let stack = config.open_raw(host, metal::leat_virtio_netif(virtio))?;
    let listener = stack.listen(PORT)?;
    let tasks = stack.handle();
    say(host, &format!("Rust echoes: {ADDRESS} on virtio0, port {PORT}\n"));
    stack.block_on(async move {
        while let Ok(stream) = listener.accept().await {
            tasks.spawn(echo(stream));
        }
    })
}

/// The program, which leat's machine calls.
///
/// # Safety
/// Only the machine calls it, once.
#[no_mangle]
pub unsafe extern "C" fn leat_metal_main(metal: *mut metal::leat_metal) -> i32 {
    match run(metal) {
        Err(error) if error.code() != LEAT_ERR_CANCELLED => {
            say((*metal).host, &format!("{error}\n"));
            1
        }
        _ => 0,
    }
}

// ---- What std would define ----

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    abort()
}

#[cfg(wants_alloc_error_handler)]
#[alloc_error_handler]
fn out_of_memory(_layout: core::alloc::Layout) -> ! {
    abort()
}

/// Debian's core and alloc are compiled to unwind, so they name this function and the next. Nothing calls them.
#[no_mangle]
extern "C" fn rust_eh_personality() {}

#[no_mangle]
extern "C" fn _Unwind_Resume() -> ! {
    abort()
}

extern "C" {
    fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32;
}

/// Compilers call it in place of memcmp() where only equality counts; the C library of images doesn't have it.
///
/// # Safety
/// Both pointers must have so many bytes.
#[no_mangle]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    memcmp(a, b, len)
}

fn abort() -> ! {
    // SAFETY: it may be called anywhere
    unsafe { metal::leat_metal_exit(127) }
}
