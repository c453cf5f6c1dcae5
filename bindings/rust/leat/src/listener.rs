//! Listeners.

use crate::addr::Ip;
use crate::error::{check, Error, Result};
use crate::executor::poll_fn;
use crate::stack::{Handle, Inner, Live};
use crate::stream::{Stream, EVENTS};
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::null_mut;
use core::task::{Poll, Waker};
use leat_sys as c;

struct State {
    c: Cell<*mut c::leat_tcp_listener>,
    waiter: RefCell<Option<Waker>>,
}

impl State {
    fn wake(&self) {
        let taken = self.waiter.borrow_mut().take();
        if let Some(waker) = taken {
            waker.wake();
        }
    }
}

impl Live for State {
    fn lost(&self, _code: c::leat_err, _detail: &str) {
        self.c.set(null_mut());
        self.wake();
    }
}

unsafe extern "C" fn on_acceptable(_listener: *mut c::leat_tcp_listener, arg: *mut c_void) {
    (*(arg as *const State)).wake(); // Inner keeps it until the listener is closed
}

/// Accepts connections. Dropping it closes it.
pub struct Listener {
    state: Rc<State>,
    inner: Rc<Inner>,
}

impl Handle {
    /// Listens on a port of all our addresses.
    pub fn listen(&self, port: u16) -> Result<Listener> {
        self.listen_with(c::leat_tcp_listen_config { ip: Ip::ANY.0, port, ..Default::default() })
    }

    /// Listens with all options of C, except for the callback.
    pub fn listen_with(&self, mut config: c::leat_tcp_listen_config) -> Result<Listener> {
        let stack = self.inner.open()?;
        let state = Rc::new(State { c: Cell::new(null_mut()), waiter: RefCell::new(None) });
        config.on_acceptable = Some(on_acceptable);
        config.arg = Rc::as_ptr(&state) as *mut c_void;
        let mut listener = null_mut();
        // SAFETY: the stack is open, and the state is kept until the listener is closed
        check(unsafe { c::leat_tcp_listen(stack, &mut listener, &config) }, "listen")?;
        state.c.set(listener);
        self.inner.keep(Rc::as_ptr(&state) as usize, state.clone());
        Ok(Listener { state, inner: self.inner.clone() })
    }
}

impl Listener {
    /// The next connection.
    pub async fn accept(&self) -> Result<Stream> {
        poll_fn(|cx| {
            if self.state.c.get().is_null() {
                return Poll::Ready(Err(Error::closed("the listener is closed")));
            }
            // SAFETY: the listener is open
            unsafe {
                let conn = c::leat_tcp_accept(self.state.c.get(), &EVENTS, null_mut());
                if !conn.is_null() {
                    return Poll::Ready(Ok(Stream::of_tcp(&self.inner, conn)));
                }
            }
            let old = self.state.waiter.borrow_mut().replace(cx.waker().clone());
            drop(old);
            Poll::Pending
        })
        .await
    }

    /// Stops listening; connections that were not accepted are aborted. It does nothing to a listener that is closed.
    pub fn close(&self) {
        let listener = self.state.c.get();
        if !listener.is_null() {
            self.state.lost(c::LEAT_ERR_CLOSED, "");
            // SAFETY: the listener is open
            unsafe { c::leat_tcp_listener_close(listener) };
            self.inner.forget(Rc::as_ptr(&self.state) as usize);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}
