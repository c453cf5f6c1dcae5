//! tests/bindings/conversation.c in Rust, with the functions of C: prints the same frames.

use ::leat::sys::*;
use std::cell::Cell;
use std::ptr::{null, null_mut};

const LINES: u32 = 10;

struct Client {
    conn: Cell<*mut leat_tcp>,
    sent: Cell<u32>,
}

unsafe extern "C" fn on_frame(_arg: *mut c_void, from_end: i32, now_ns: u64, frame: *const u8, len: u32) {
    let digits: String = std::slice::from_raw_parts(frame, len as usize).iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{from_end} {now_ns} {digits}");
}

impl Client {
    unsafe fn send_line(&self) {
        self.sent.set(self.sent.get() + 1);
        let line = format!("line {} of {LINES}\n", self.sent.get());
        let mut taken = 0;
        let err = leat_tcp_write(self.conn.get(), line.as_ptr().cast(), line.len(), &mut taken);
        assert!(err == LEAT_OK && taken == line.len());
    }
}

unsafe extern "C" fn client_open(_conn: *mut leat_tcp, arg: *mut c_void) {
    (*(arg as *const Client)).send_line();
}

unsafe extern "C" fn client_readable(conn: *mut leat_tcp, arg: *mut c_void) {
    let client = &*(arg as *const Client);
    loop {
        let data = leat_tcp_receive(conn, 4096);
        if data.is_null() {
            return;
        }
        let len = leat_buf_total(data);
        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
        if client.sent.get() < LINES {
            client.send_line();
        } else {
            leat_tcp_shutdown(conn);
        }
    }
}

unsafe extern "C" fn server_readable(conn: *mut leat_tcp, _arg: *mut c_void) {
    loop {
        let data = leat_tcp_receive(conn, 4096);
        if data.is_null() {
            break;
        }
        let len = leat_buf_total(data);
        leat_tcp_send(conn, data);
        leat_tcp_consumed(conn, len);
    }
    if leat_tcp_at_end(conn) {
        leat_tcp_shutdown(conn);
    }
}

static CLIENT_EVENTS: leat_tcp_events = leat_tcp_events {
    on_open: Some(client_open),
    on_readable: Some(client_readable),
    on_writable: None,
    on_closed: None,
    on_drain: None,
};
static SERVER_EVENTS: leat_tcp_events = leat_tcp_events { on_open: None, on_readable: Some(server_readable), ..CLIENT_EVENTS };

unsafe extern "C" fn on_acceptable(listener: *mut leat_tcp_listener, _arg: *mut c_void) {
    leat_tcp_accept(listener, &SERVER_EVENTS, null_mut());
}

unsafe fn make(wire: *mut leat_link, end: i32, memory: &mut [u64]) -> *mut leat {
    let mut config = leat_config { buf_count: 256, ..Default::default() };
    config.seed[0] = end as u8 + 1;
    let mut stack = null_mut();
    let netif = leat_link_end(wire, end);
    assert_eq!(leat_init(&mut stack, memory.as_mut_ptr().cast(), memory.len() * 8, &config), LEAT_OK);
    assert_eq!(leat_tcp_register(stack, null()), LEAT_OK);
    assert_eq!(leat_attach(stack, netif), LEAT_OK);
    assert_eq!(leat_address_add(stack, netif, leat_ip_v4(0x0a000001 + end as u32), 24), LEAT_OK);
    stack
}

fn main() {
    // SAFETY: memory and configurations stay until the end, and leat has one thread
    unsafe {
        let mut wire_memory = vec![0_u64; leat_link_memory_bytes(64, 1514) / 8 + 1];
        let wire = leat_link_init(wire_memory.as_mut_ptr().cast(), 64, 1514, 7);
        let faults = leat_link_faults { delay_ns: 1_000_000, loss_per_m: 100_000, ..Default::default() };
        let client = Client { conn: Cell::new(null_mut()), sent: Cell::new(0) };
        let mut memories = [vec![0_u64; 4 << 20], vec![0_u64; 4 << 20]];
        leat_link_set_tap(wire, Some(on_frame), null_mut());
        let mut stacks = [null_mut(); 2];
        for (end, memory) in memories.iter_mut().enumerate() {
            leat_link_set_faults(wire, end as i32, &faults);
            stacks[end] = make(wire, end as i32, memory);
        }
        let config = leat_tcp_listen_config { port: 7, on_acceptable: Some(on_acceptable), ..Default::default() };
        let (mut listener, mut conn) = (null_mut(), null_mut());
        assert_eq!(leat_tcp_listen(stacks[0], &mut listener, &config), LEAT_OK);
        let remote = leat_endpoint_of(leat_ip_v4(0x0a000001), 7);
        let arg = &client as *const Client as *mut c_void;
        assert_eq!(leat_tcp_connect(stacks[1], &mut conn, &remote, null(), &CLIENT_EVENTS, arg), LEAT_OK);
        client.conn.set(conn);
        let mut now_ns = 0;
        while now_ns < 20_000_000_000 {
            let next_ns = leat_poll(stacks[0], now_ns).min(leat_poll(stacks[1], now_ns));
            now_ns = if next_ns > now_ns { next_ns } else { now_ns + 1000 };
        }
        assert_eq!(client.sent.get(), LINES);
    }
}
