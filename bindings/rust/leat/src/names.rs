//! Names: lookups, and connections by name.

use crate::addr::{c_text, Ip};
use crate::error::{check, text_of, Error, Result};
use crate::executor::poll_fn;
use crate::stack::{Config, Handle, Inner, Live};
use crate::stream::Stream;
use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use core::task::{Poll, Waker};
use leat_sys as c;

/// The resolver of a stack, and what connections by name are configured with.
pub(crate) struct Names {
    resolver: *mut c::leat_resolver, // NULL: there are no name servers
    config: Box<c::leat_connect_config>,
    _memory: Vec<u64>,
    _texts: [Option<Vec<c::c_char>>; 2],
}

impl Names {
    /// Safety: the stack is open, until after the Names are dropped.
    pub(crate) unsafe fn open(stack: *mut c::leat, config: &Config) -> Result<Names> {
        let (mut resolver, mut memory) = (null_mut(), Vec::new());
        if !config.name_servers.is_empty() {
            let mut asked = c::leat_resolver_config { cache_bytes: 65536, ..Default::default() };
            if config.name_servers.len() > asked.servers.len() {
                return Err(Error::new(c::LEAT_ERR_ARGUMENT, "too many name servers"));
            }
            for (server, ip) in asked.servers.iter_mut().zip(&config.name_servers) {
                server.ip = ip.0;
                asked.server_count += 1;
            }
            let bytes = c::leat_resolver_memory_bytes(&asked);
            memory = alloc::vec![0_u64; bytes / 8 + 1];
            check(c::leat_resolver_open(&mut resolver, stack, memory.as_mut_ptr().cast(), bytes, &asked), "name servers")?;
        }
        let texts = [config.hosts.as_deref().map(c_text), config.search.as_deref().map(c_text)];
        let text = |i: usize| texts[i].as_ref().map_or(null(), |text| text.as_ptr());
        let config = c::leat_connect_config { resolver, hosts: text(0), search: text(1), ..Default::default() };
        Ok(Names { resolver, config: Box::new(config), _memory: memory, _texts: texts })
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // SAFETY: it is open, and closed before the stack
        if !self.resolver.is_null() {
            unsafe { c::leat_resolver_close(self.resolver) };
        }
    }
}

/// A call that leat answers by one callback; the answer waits here.
struct Pending<T> {
    done: RefCell<Option<Result<T>>>,
    is_pending: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
    stack: Weak<Inner>,
    connecting: RefCell<Option<Box<c::leat_connecting>>>,
    lookup: Cell<*mut c::leat_lookup>,
    name: String,
}

impl<T: 'static> Pending<T> {
    fn begin(inner: &Rc<Inner>, name: &str) -> Rc<Pending<T>> {
        Rc::new(Pending {
            done: RefCell::new(None),
            is_pending: Cell::new(true),
            waiter: RefCell::new(None),
            stack: Rc::downgrade(inner),
            connecting: RefCell::new(None),
            lookup: Cell::new(null_mut()),
            name: name.to_string(),
        })
    }

    fn key(&self) -> usize {
        self as *const Pending<T> as usize
    }

    fn finish(&self, result: Result<T>) {
        if self.is_pending.replace(false) {
            *self.done.borrow_mut() = Some(result);
            let taken = self.waiter.borrow_mut().take();
            if let Some(waker) = taken {
                waker.wake();
            }
        }
    }

    /// Waits for the answer; @cancel is called if the wait is dropped before.
    async fn wait(self: Rc<Self>, cancel: fn(&Pending<T>)) -> Result<T> {
        struct Cancelled<T: 'static>(Rc<Pending<T>>, fn(&Pending<T>));
        impl<T: 'static> Drop for Cancelled<T> {
            fn drop(&mut self) {
                if self.0.is_pending.replace(false) {
                    (self.1)(&self.0);
                    if let Some(stack) = self.0.stack.upgrade() {
                        stack.forget(self.0.key());
                    }
                }
            }
        }
        let pending = Cancelled(self, cancel);
        poll_fn(|cx| {
            if let Some(result) = pending.0.done.borrow_mut().take() {
                return Poll::Ready(result);
            }
            let old = pending.0.waiter.borrow_mut().replace(cx.waker().clone());
            drop(old);
            Poll::Pending
        })
        .await
    }
}

impl<T: 'static> Live for Pending<T> {
    fn lost(&self, code: c::leat_err, detail: &str) {
        self.finish(Err(Error::new(code, detail)));
    }
}

unsafe extern "C" fn on_connected(
    connecting: *mut c::leat_connecting,
    err: c::leat_err,
    conn: *mut c::leat_tcp,
    arg: *mut c_void,
) {
    let pending = &*(arg as *const Pending<Stream>);
    let stack = pending.stack.upgrade().expect("the stack polls");
    if err == c::LEAT_OK {
        pending.finish(Ok(Stream::of_tcp(&stack, conn)));
    } else {
        let mut text = [0; c::LEAT_CONNECT_TEXT_BYTES as usize];
        c::leat_connect_format(connecting, err, text.as_mut_ptr());
        pending.finish(Err(Error::new(err, &text_of(text.as_ptr()))));
    }
    ended(&stack, pending.key());
}

unsafe extern "C" fn on_lookup(arg: *mut c_void, err: c::leat_err, result: *const c::leat_dns_result) {
    let pending = &*(arg as *const Pending<Vec<Ip>>);
    let stack = pending.stack.upgrade().expect("the stack polls");
    if err == c::LEAT_OK {
        let (mut cursor, mut record, mut found) = (0, c::leat_dns_record::default(), Vec::new());
        while c::leat_dns_result_next(result, &mut cursor, &mut record) {
            let mut ip = Ip::ANY;
            if c::leat_dns_record_ip(&record, &mut ip.0) {
                found.push(ip);
            }
        }
        pending.finish(Ok(found));
    } else {
        pending.finish(Err(Error::new(err, &pending.name)));
    }
    ended(&stack, pending.key());
}

/// leat refers to the struct until its callback has returned: it is released by the next task.
fn ended(stack: &Rc<Inner>, key: usize) {
    let inner = stack.clone();
    stack.executor.spawn(Box::pin(async move { inner.forget(key) }));
}

impl Handle {
    /// A stream to a host, by name or address.
    pub async fn connect(&self, host: &str, port: u16) -> Result<Stream> {
        let stack = self.inner.open()?;
        let pending = Pending::<Stream>::begin(&self.inner, host);
        let connecting = Box::new(c::leat_connecting {
            on_done: Some(on_connected),
            arg: Rc::as_ptr(&pending) as *mut c_void,
            ..Default::default()
        });
        let mut place = pending.connecting.borrow_mut();
        let connecting: *mut c::leat_connecting = &mut **place.insert(connecting);
        drop(place);
        {
            let names = self.inner.names.borrow();
            let config: *const _ = &*names.as_ref().ok_or_else(|| Error::closed("the stack is closed"))?.config;
            // SAFETY: the stack is open; connecting and config stay where they are until the answer, or the cancelling
            check(unsafe { c::leat_connect(stack, connecting, config, c_text(host).as_ptr(), port, c::LEAT_NEVER_NS) }, host)?;
        }
        self.inner.keep(pending.key(), pending.clone());
        pending
            .wait(|pending| {
                if let Some(connecting) = pending.connecting.borrow_mut().as_mut() {
                    // SAFETY: leat's until now; it does nothing to an attempt that has ended
                    unsafe { c::leat_connect_cancel(&mut **connecting) };
                }
            })
            .await
    }

    /// The addresses of a name, from the name servers: first IPv6, then IPv4.
    pub async fn lookup(&self, name: &str) -> Result<Vec<Ip>> {
        let sixes = self.ask(name, c::LEAT_DNS_AAAA)?;
        let fours = self.ask(name, c::LEAT_DNS_A)?;
        let (sixes, fours) = (sixes.await, fours.await);
        match (sixes, fours) {
            (Ok(mut found), Ok(more)) if found.len() + more.len() > 0 => {
                found.extend(more);
                Ok(found)
            }
            (Ok(found), Err(_)) | (Err(_), Ok(found)) if !found.is_empty() => Ok(found),
            (_, Err(error)) | (Err(error), _) => Err(error),
            _ => Err(Error::new(c::LEAT_ERR_NOT_FOUND, name)),
        }
    }

    fn ask(&self, name: &str, of: c::leat_dns_type) -> Result<impl core::future::Future<Output = Result<Vec<Ip>>>> {
        self.inner.open()?;
        let resolver = self.inner.names.borrow().as_ref().map_or(null_mut(), |names| names.resolver);
        if resolver.is_null() {
            return Err(Error::new(c::LEAT_ERR_NOT_FOUND, "the stack has no name servers"));
        }
        let pending = Pending::<Vec<Ip>>::begin(&self.inner, name);
        let (mut parsed, mut lookup) = (c::leat_dns_name::default(), null_mut());
        // SAFETY: the resolver is open, and the arg is kept until the answer, or the cancelling
        unsafe {
            check(c::leat_dns_name_parse(c_text(name).as_ptr(), &mut parsed), name)?;
            let arg = Rc::as_ptr(&pending) as *mut c_void;
            check(c::leat_lookup_start(resolver, &parsed, of as u16, Some(on_lookup), arg, &mut lookup), name)?;
        }
        pending.lookup.set(lookup);
        self.inner.keep(pending.key(), pending.clone());
        Ok(pending.wait(|pending| {
            // SAFETY: it has no answer yet
            unsafe { c::leat_lookup_cancel(pending.lookup.get()) };
        }))
    }
}
