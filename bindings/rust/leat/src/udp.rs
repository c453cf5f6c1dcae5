//! Sockets of UDP.

use crate::addr::{Endpoint, Ip};
use crate::error::{check, Error, Result};
use crate::executor::poll_fn;
use crate::stack::{Handle, Inner, Live};
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::null_mut;
use core::task::{Poll, Waker};
use leat_sys as c;

const QUEUE: usize = 256; // datagrams that wait for receive(); further ones are dropped and counted

struct State {
    c: Cell<*mut c::leat_udp>,
    queue: RefCell<VecDeque<Result<(Vec<u8>, Endpoint)>>>,
    dropped: Cell<u64>,
    waiter: RefCell<Option<Waker>>,
}

impl State {
    fn wake(&self) {
        let taken = self.waiter.borrow_mut().take();
        if let Some(waker) = taken {
            waker.wake();
        }
    }

    fn arrived(&self, item: Result<(Vec<u8>, Endpoint)>) {
        if self.queue.borrow().len() >= QUEUE {
            self.dropped.set(self.dropped.get() + 1);
            return;
        }
        self.queue.borrow_mut().push_back(item);
        self.wake();
    }
}

impl Live for State {
    fn lost(&self, _code: c::leat_err, _detail: &str) {
        self.c.set(null_mut());
        self.wake();
    }
}

// The arg is a State that Inner keeps until the socket is closed.

unsafe extern "C" fn on_datagram(
    _udp: *mut c::leat_udp,
    payload: *mut c::leat_buf,
    peer: *const c::leat_endpoint,
    _local: *const c::leat_endpoint,
    arg: *mut c_void,
) {
    let mut bytes = alloc::vec![0; c::leat_buf_total(payload) as usize];
    c::leat_buf_read(payload, 0, bytes.as_mut_ptr().cast(), bytes.len() as u32);
    c::leat_buf_free(payload);
    (*(arg as *const State)).arrived(Ok((bytes, Endpoint(*peer))));
}

unsafe extern "C" fn on_error(_udp: *mut c::leat_udp, err: c::leat_err, peer: *const c::leat_endpoint, arg: *mut c_void) {
    (*(arg as *const State)).arrived(Err(Error::new(err, &Endpoint(*peer).to_string())));
}

static EVENTS: c::leat_udp_events = c::leat_udp_events { on_datagram: Some(on_datagram), on_error: Some(on_error) };

/// A socket of UDP. Dropping it closes it.
pub struct Udp {
    state: Rc<State>,
    inner: Rc<Inner>,
}

impl Handle {
    /// A socket on a port of all our addresses; 0: any port.
    pub fn udp(&self, port: u16) -> Result<Udp> {
        self.udp_on(Endpoint::new(Ip::ANY, port))
    }

    /// A socket on a port of one address.
    pub fn udp_on(&self, local: Endpoint) -> Result<Udp> {
        let stack = self.inner.open()?;
        let state = Rc::new(State {
            c: Cell::new(null_mut()),
            queue: RefCell::new(VecDeque::new()),
            dropped: Cell::new(0),
            waiter: RefCell::new(None),
        });
        let mut udp = null_mut();
        // SAFETY: the stack is open, and the state is kept until the socket is closed
        unsafe {
            check(c::leat_udp_open(stack, &mut udp, &EVENTS, Rc::as_ptr(&state) as *mut c_void), "a socket")?;
            let err = c::leat_udp_bind(udp, local.ip().0, local.port());
            if err != c::LEAT_OK {
                c::leat_udp_close(udp);
                return Err(Error::new(err, &local.to_string()));
            }
        }
        state.c.set(udp);
        self.inner.keep(Rc::as_ptr(&state) as usize, state.clone());
        Ok(Udp { state, inner: self.inner.clone() })
    }
}

impl Udp {
    fn open(&self) -> Result<*mut c::leat_udp> {
        if self.state.c.get().is_null() {
            return Err(Error::closed("the socket is closed"));
        }
        Ok(self.state.c.get())
    }

    /// Our end.
    pub fn local(&self) -> Result<Endpoint> {
        // SAFETY: the socket is open
        Ok(Endpoint(unsafe { c::leat_udp_local(self.open()?) }))
    }

    /// Datagrams that were dropped because nothing received them.
    pub fn dropped(&self) -> u64 {
        self.state.dropped.get()
    }

    /// Sends one datagram; UDP never waits.
    pub fn send(&self, bytes: &[u8], peer: Endpoint) -> Result<()> {
        let (udp, stack) = (self.open()?, self.inner.open()?);
        let len = u32::try_from(bytes.len()).map_err(|_| Error::new(c::LEAT_ERR_TOO_BIG, &peer.to_string()))?;
        // SAFETY: socket and stack are open, and the socket takes the buffer
        unsafe {
            let pool = c::leat_pool(stack);
            let buf = if len > 0 {
                c::leat_buf_copy(pool, bytes.as_ptr().cast(), len)
            } else {
                c::leat_buf_alloc_small(pool, c::LEAT_BUF_HEADROOM)
            };
            if buf.is_null() {
                return Err(Error::new(c::LEAT_ERR_MEMORY, "no buffer is free"));
            }
            check(c::leat_udp_send_to(udp, buf, &peer.0), &peer.to_string())
        }
    }

    /// The next datagram and its sender; an error of ICMP about an earlier one that was sent.
    pub async fn receive(&self) -> Result<(Vec<u8>, Endpoint)> {
        poll_fn(|cx| {
            if let Some(item) = self.state.queue.borrow_mut().pop_front() {
                return Poll::Ready(item);
            }
            if let Err(error) = self.open() {
                return Poll::Ready(Err(error));
            }
            let old = self.state.waiter.borrow_mut().replace(cx.waker().clone());
            drop(old);
            Poll::Pending
        })
        .await
    }

    /// Closes it. It does nothing to a socket that is closed.
    pub fn close(&self) {
        let udp = self.state.c.get();
        if !udp.is_null() {
            self.state.lost(c::LEAT_ERR_CLOSED, "");
            // SAFETY: the socket is open
            unsafe { c::leat_udp_close(udp) };
            self.inner.forget(Rc::as_ptr(&self.state) as usize);
        }
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        self.close();
    }
}
