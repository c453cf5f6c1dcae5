//! Streams: connections of TCP, and sessions of TLS on them.

use crate::addr::Ip;
use crate::buf::Buf;
use crate::error::{check, Error, Result};
use crate::executor::poll_fn;
use crate::stack::{Inner, Live};
#[cfg(feature = "openssl")]
use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
#[cfg(feature = "openssl")]
use core::any::Any;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::null_mut;
use core::task::{Poll, Waker};
use leat_sys as c;

const READ_BYTES: u32 = 256 * 1024;

/// The side that leat's callbacks see, until on_closed.
pub(crate) struct State {
    pub(crate) c: Cell<c::leat_stream>,
    is_open: Cell<bool>, // c is valid
    is_established: Cell<bool>,
    is_ended: Cell<bool>, // our side
    why: Cell<c::leat_err>,
    detail: RefCell<String>,
    rest: Cell<*mut c::leat_buf>, // data that had arrived when the stream closed
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
    opening: RefCell<Option<Waker>>,
    #[cfg(feature = "openssl")]
    kept: RefCell<Option<Box<dyn Any>>>, // what a session of TLS refers to
    stack: Weak<Inner>,
}

fn wake(waker: &RefCell<Option<Waker>>) {
    let taken = waker.borrow_mut().take();
    if let Some(waker) = taken {
        waker.wake();
    }
}

fn put(place: &RefCell<Option<Waker>>, waker: &Waker) {
    let old = place.borrow_mut().replace(waker.clone());
    drop(old);
}

impl Live for State {
    fn lost(&self, code: c::leat_err, detail: &str) {
        if self.is_open.replace(false) {
            self.why.set(code);
            *self.detail.borrow_mut() = detail.to_string();
        }
        wake(&self.reader);
        wake(&self.writer);
        wake(&self.opening);
    }
}

impl State {
    fn error(&self) -> Error {
        let why = self.why.get();
        Error::new(if why == c::LEAT_OK { c::LEAT_ERR_CLOSED } else { why }, &self.detail.borrow())
    }

    fn key(&self) -> usize {
        self as *const State as usize
    }

    fn take(&self) -> *mut c::leat_buf {
        let stream = self.c.get();
        // SAFETY: the stream is open
        unsafe {
            let buf = c::leat_stream_receive(&stream, READ_BYTES);
            if !buf.is_null() {
                c::leat_stream_consumed(&stream, c::leat_buf_total(buf));
            }
            buf
        }
    }

    fn keep_rest(&self) {
        loop {
            let buf = self.take();
            if buf.is_null() {
                return;
            }
            if self.rest.get().is_null() {
                self.rest.set(buf);
            } else {
                // SAFETY: both lists are ours
                unsafe { c::leat_buf_append(self.rest.get(), buf) };
            }
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: the list is ours, and a Stream or the stack itself keeps the pool
        unsafe { c::leat_buf_free(self.rest.get()) };
    }
}

// ---- Callbacks: arg is a State that Inner keeps until on_closed, or NULL ----

unsafe fn state_of<'a>(arg: *mut c_void) -> Option<&'a State> {
    (arg as *const State).as_ref()
}

unsafe extern "C" fn on_open(_conn: *mut c::leat_tcp, arg: *mut c_void) {
    if let Some(state) = state_of(arg) {
        state.is_established.set(true);
        wake(&state.opening);
    }
}

unsafe extern "C" fn on_readable(_conn: *mut c::leat_tcp, arg: *mut c_void) {
    if let Some(state) = state_of(arg) {
        wake(&state.reader);
    }
}

unsafe extern "C" fn on_writable(_conn: *mut c::leat_tcp, arg: *mut c_void) {
    if let Some(state) = state_of(arg) {
        wake(&state.writer);
    }
}

unsafe extern "C" fn on_closed(_conn: *mut c::leat_tcp, why: c::leat_err, arg: *mut c_void) {
    if let Some(state) = state_of(arg) {
        let mut detail = String::new();
        if state.is_open.get() {
            if why == c::LEAT_OK {
                state.keep_rest();
            }
            if why == c::LEAT_ERR_TLS {
                let mut info = c::leat_tls_info::default();
                c::leat_tls_get_info(&state.c.get(), &mut info);
                detail = crate::error::text_of(info.why);
            }
            state.lost(why, &detail);
        }
        if let Some(stack) = state.stack.upgrade() {
            stack.forget(state.key()); // may end the state
        }
    }
}

pub(crate) static EVENTS: c::leat_tcp_events = c::leat_tcp_events {
    on_open: Some(on_open),
    on_readable: Some(on_readable),
    on_writable: Some(on_writable),
    on_closed: Some(on_closed),
    on_drain: None,
};

/// A stream of bytes. One task reads and one writes at a time. Dropping it closes it; queued data is still delivered.
pub struct Stream {
    state: Rc<State>,
    inner: Rc<Inner>,
    peer: Ip,
}

impl Stream {
    /// Safety: the stream is open, and the Stream's from here on.
    pub(crate) unsafe fn new(inner: &Rc<Inner>, stream: c::leat_stream) -> Stream {
        let state = Rc::new(State {
            c: Cell::new(stream),
            is_open: Cell::new(true),
            is_established: Cell::new(false),
            is_ended: Cell::new(false),
            why: Cell::new(c::LEAT_OK),
            detail: RefCell::new(String::new()),
            rest: Cell::new(null_mut()),
            reader: RefCell::new(None),
            writer: RefCell::new(None),
            opening: RefCell::new(None),
            #[cfg(feature = "openssl")]
            kept: RefCell::new(None),
            stack: Rc::downgrade(inner),
        });
        inner.keep(state.key(), state.clone());
        c::leat_stream_set_events(&stream, &EVENTS, Rc::as_ptr(&state) as *mut c_void);
        Stream { peer: Ip(c::leat_stream_peer(&stream)), state, inner: inner.clone() }
    }

    /// Safety: the connection is open, and the Stream's from here on.
    pub(crate) unsafe fn of_tcp(inner: &Rc<Inner>, conn: *mut c::leat_tcp) -> Stream {
        c::leat_tcp_set_nodelay(conn, true);
        Stream::new(inner, c::leat_stream_of_tcp(conn))
    }

    /// The address of the other end.
    pub fn peer(&self) -> Ip {
        self.peer
    }

    /// True once it is closed, by us or the peer.
    pub fn is_closed(&self) -> bool {
        !self.state.is_open.get()
    }

    fn check_open(&self) -> Result<c::leat_stream> {
        if self.is_closed() {
            return Err(self.state.error());
        }
        Ok(self.state.c.get())
    }

    // ---- Reading ----

    /// The end of a stream that is closed: data that was left, NULL, or the error.
    fn rest(&self) -> Result<*mut c::leat_buf> {
        let rest = self.state.rest.replace(null_mut());
        if rest.is_null() && self.state.why.get() != c::LEAT_OK {
            return Err(self.state.error());
        }
        Ok(rest)
    }

    fn read_rest(&self, bytes: &mut [u8]) -> Result<usize> {
        let rest = self.rest()?;
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if rest.is_null() {
            return Ok(0);
        }
        // SAFETY: the list is ours
        unsafe {
            let count = c::leat_buf_read(rest, 0, bytes.as_mut_ptr().cast(), len);
            self.state.rest.set(c::leat_buf_consume(rest, count));
            Ok(count as usize)
        }
    }

    /// Reads some bytes; 0: the end of the stream, or no room in `bytes`.
    pub async fn read(&self, bytes: &mut [u8]) -> Result<usize> {
        poll_fn(|cx| {
            if self.is_closed() {
                return Poll::Ready(self.read_rest(bytes));
            }
            let (stream, len) = (self.state.c.get(), u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            // SAFETY: the stream is open; the bytes are copied from a buffer that is ours
            unsafe {
                let buf = if len > 0 { c::leat_stream_receive(&stream, len) } else { null_mut() };
                if !buf.is_null() {
                    let count = c::leat_buf_read(buf, 0, bytes.as_mut_ptr().cast(), len);
                    c::leat_buf_free(buf);
                    c::leat_stream_consumed(&stream, count);
                    return Poll::Ready(Ok(count as usize));
                }
                if len == 0 || c::leat_stream_at_end(&stream) {
                    return Poll::Ready(Ok(0));
                }
            }
            put(&self.state.reader, cx.waker());
            Poll::Pending
        })
        .await
    }

    /// Reads exactly so many bytes; an error with LEAT_ERR_END at an earlier end.
    pub async fn read_exact(&self, bytes: &mut [u8]) -> Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.read(&mut bytes[done..]).await? {
                0 => return Err(Error::new(c::LEAT_ERR_END, "the stream has ended early")),
                count => done += count,
            }
        }
        Ok(())
    }

    /// Reads up to the end.
    pub async fn read_to_end(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(data) = self.receive().await? {
            data.pieces().for_each(|piece| bytes.extend_from_slice(piece));
        }
        Ok(bytes)
    }

    /// Takes data that has arrived, without a copy. None: the end of the stream.
    pub async fn receive(&self) -> Result<Option<Buf>> {
        poll_fn(|cx| {
            if self.is_closed() {
                // SAFETY: the list is ours
                let of = |rest: *mut c::leat_buf| unsafe { Buf::new(rest, self.inner.clone()) };
                return Poll::Ready(self.rest().map(|rest| (!rest.is_null()).then(|| of(rest))));
            }
            let buf = self.state.take();
            if !buf.is_null() {
                // SAFETY: the buffer is ours
                return Poll::Ready(Ok(Some(unsafe { Buf::new(buf, self.inner.clone()) })));
            }
            // SAFETY: the stream is open
            if unsafe { c::leat_stream_at_end(&self.state.c.get()) } {
                return Poll::Ready(Ok(None));
            }
            put(&self.state.reader, cx.waker());
            Poll::Pending
        })
        .await
    }

    // ---- Writing ----

    /// Queues the first bytes; waits for room for at least one.
    pub async fn write(&self, bytes: &[u8]) -> Result<usize> {
        poll_fn(|cx| {
            let stream = match self.check_open() {
                Ok(_) if self.state.is_ended.get() => return Poll::Ready(Err(Error::new(c::LEAT_ERR_CLOSING, "our side has ended"))),
                Ok(stream) => stream,
                Err(error) => return Poll::Ready(Err(error)),
            };
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            let mut taken = 0;
            // SAFETY: the stream is open
            match unsafe { c::leat_stream_write(&stream, bytes.as_ptr().cast(), bytes.len(), &mut taken) } {
                c::LEAT_OK if taken > 0 => Poll::Ready(Ok(taken)),
                c::LEAT_OK | c::LEAT_ERR_FULL => {
                    put(&self.state.writer, cx.waker());
                    Poll::Pending
                }
                code => Poll::Ready(Err(Error::new(code, ""))),
            }
        })
        .await
    }

    /// Queues all bytes, and waits for room as often as needed.
    pub async fn write_all(&self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[self.write(rest).await?..];
        }
        self.check_open().map(|_| ())
    }

    /// Queues data without a copy, once there is room for all of it. It must come from a stream or socket of this stack.
    pub async fn send(&self, data: Buf) -> Result<()> {
        let len = data.len() as u32;
        if !data.is_of(&self.inner) {
            return Err(Error::new(c::LEAT_ERR_ARGUMENT, "data of another stack"));
        }
        poll_fn(|cx| {
            let stream = match self.check_open() {
                Ok(stream) => stream,
                Err(error) => return Poll::Ready(Err(error)),
            };
            // SAFETY: the stream is open
            unsafe {
                if self.state.is_ended.get() || c::leat_stream_send_room(&stream) >= len {
                    return Poll::Ready(Ok(()));
                }
                c::leat_stream_want_room(&stream, len);
            }
            put(&self.state.writer, cx.waker());
            Poll::Pending
        })
        .await?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the stream is open, and takes the buffer
        check(unsafe { c::leat_stream_send(&self.state.c.get(), data.into_c()) }, "")
    }

    /// Ends our side; the peer may still send.
    pub fn end(&self) -> Result<()> {
        let stream = self.check_open()?;
        if self.state.is_ended.replace(true) {
            return Ok(());
        }
        // SAFETY: the stream is open
        check(unsafe { c::leat_stream_shutdown(&stream) }, "")
    }

    // ---- Closing ----

    /// Closes both directions; queued data is still delivered. It does nothing to a stream that is closed.
    pub fn close(&self) {
        self.close_by("closed by us", |stream| {
            // SAFETY: the stream is open; its state is kept until on_closed
            unsafe { c::leat_stream_close(stream) };
        });
    }

    /// Closes at once; the peer sees a reset.
    pub fn abort(&self) {
        self.close_by("aborted by us", |stream| {
            // SAFETY: as above
            unsafe { c::leat_stream_abort(stream) };
        });
    }

    fn close_by(&self, detail: &str, how: impl FnOnce(&c::leat_stream)) {
        if !self.is_closed() {
            let stream = self.state.c.get();
            self.state.lost(c::LEAT_ERR_CLOSED, detail);
            how(&stream);
        }
    }

    // ---- TLS ----

    /// Gives the connection to a session of TLS.
    #[cfg(feature = "openssl")]
    pub(crate) fn hand_over(&self, begin: impl FnOnce(&c::leat_stream) -> c::leat_err) -> Result<()> {
        let stream = self.check_open()?;
        check(begin(&stream), "TLS")?;
        self.state.lost(c::LEAT_ERR_CLOSED, "it carries a session of TLS");
        self.inner.forget(self.state.key());
        Ok(())
    }

    #[cfg(feature = "openssl")]
    pub(crate) async fn opened(self, kept: Option<Box<dyn Any>>) -> Result<Stream> {
        *self.state.kept.borrow_mut() = kept;
        poll_fn(|cx| {
            if self.is_closed() {
                return Poll::Ready(Err(self.state.error()));
            }
            if self.state.is_established.get() {
                return Poll::Ready(Ok(()));
            }
            put(&self.state.opening, cx.waker());
            Poll::Pending
        })
        .await?;
        Ok(self)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}
