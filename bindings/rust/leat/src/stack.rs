//! A stack: its configuration, its loop, its end.

use crate::addr::{Cidr, Ip};
use crate::error::{check, Error, Result};
use crate::executor::Executor;
use crate::names::Names;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::ptr::{null, null_mut};
use core::sync::atomic::Ordering;
use leat_sys as c;

/// What a stack is opened with.
pub struct Config {
    /// Members of `struct leat_config`; a seed of zeros is replaced by entropy of the host.
    pub stack: c::leat_config,
    /// Members of `struct leat_tcp_config`.
    pub tcp: c::leat_tcp_config,
    /// Members of `struct leat_udp_config`.
    pub udp: c::leat_udp_config,
    addresses: Vec<Cidr>,
    gateways: Vec<Ip>,
    pub(crate) name_servers: Vec<Ip>,
    pub(crate) hosts: Option<String>,
    pub(crate) search: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

impl Config {
    /// 8,192 buffers, 4,096 connections, 1,024 sockets of UDP, no address.
    pub fn new() -> Config {
        Config {
            stack: c::leat_config { buf_count: 8192, ..Default::default() },
            tcp: c::leat_tcp_config { connections: 4096, ..Default::default() },
            udp: c::leat_udp_config { sockets: 1024, ..Default::default() },
            addresses: Vec::new(),
            gateways: Vec::new(),
            name_servers: Vec::new(),
            hosts: None,
            search: None,
        }
    }

    /// Adds an address of ours with its prefix, "10.0.0.2/24".
    pub fn address(mut self, text: &str) -> Result<Config> {
        self.addresses.push(text.parse()?);
        Ok(self)
    }

    /// Adds the router to all other addresses of its family.
    pub fn gateway(mut self, text: &str) -> Result<Config> {
        self.gateways.push(text.parse()?);
        Ok(self)
    }

    /// Adds a name server that recurses.
    pub fn name_server(mut self, text: &str) -> Result<Config> {
        self.name_servers.push(text.parse()?);
        Ok(self)
    }

    /// The text of a hosts file.
    pub fn hosts(mut self, text: &str) -> Config {
        self.hosts = Some(text.to_string());
        self
    }

    /// Domains for names without a dot, with spaces between them.
    pub fn search(mut self, domains: &str) -> Config {
        self.search = Some(domains.to_string());
        self
    }

    /// The seed, only for runs that shall be repeated.
    pub fn seed(mut self, seed: [u8; c::LEAT_SEED_BYTES as usize]) -> Config {
        self.stack.seed = seed;
        self
    }

    /// Opens a stack on a device of Linux.
    #[cfg(feature = "std")]
    pub fn open(self, device: impl crate::Device) -> Result<Stack> {
        let mut posix = null_mut();
        // SAFETY: the argument is valid
        check(unsafe { c::leat_posix_open(&mut posix) }, "the host")?;
        // SAFETY: it is open; the closures run once, the last first
        let host = unsafe { c::leat_posix_host(posix) };
        let mut ends: Vec<Box<dyn FnOnce()>> = Vec::new();
        ends.push(Box::new(move || unsafe { c::leat_posix_close(posix) }));
        let opened = (|| {
            let (netif, close) = device.open(posix)?;
            ends.push(close);
            let (interrupt, wakes) = pair()?;
            // SAFETY: the descriptor stays open until the closure has run
            unsafe {
                use std::os::unix::io::AsRawFd;
                let fd = wakes.as_raw_fd();
                check(c::leat_posix_watch(posix, fd, true), "a descriptor to be woken by")?;
                ends.push(Box::new(move || c::leat_posix_unwatch(posix, fd)));
            }
            Ok((netif, interrupt, wakes))
        })();
        match opened {
            // SAFETY: host and device are open, and closed by ends
            Ok((netif, interrupt, wakes)) => unsafe { build(self, host, netif, ends, interrupt, wakes) },
            Err(error) => {
                ends.into_iter().rev().for_each(|end| end());
                Err(error)
            }
        }
    }

    /// Opens a stack on a host and a backend of the C interface.
    ///
    /// # Safety
    /// Both must be valid until the stack is closed, and only used by it.
    #[cfg(not(feature = "std"))]
    pub unsafe fn open_raw(self, host: *mut c::leat_host, netif: *mut c::leat_netif) -> Result<Stack> {
        build(self, host, netif, Vec::new())
    }
}

#[cfg(feature = "std")]
fn pair() -> Result<(std::os::unix::net::UnixStream, std::os::unix::net::UnixStream)> {
    let made = std::os::unix::net::UnixStream::pair().and_then(|(a, b)| {
        a.set_nonblocking(true)?;
        b.set_nonblocking(true)?;
        Ok((a, b))
    });
    made.map_err(|error| Error::new(c::LEAT_ERR_DEVICE, &error.to_string()))
}

/// Something that leat refers to until its last callback: streams, listeners, sockets, lookups.
pub(crate) trait Live {
    /// It is gone; whoever waits for it is woken.
    fn lost(&self, code: c::leat_err, detail: &str);
}

/// The stack's block of memory, which only leat reads and writes.
struct Memory(*mut [u64]);

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was made of a Box, and the stack is closed
        drop(unsafe { Box::from_raw(self.0) });
    }
}

pub(crate) struct Inner {
    pub(crate) executor: Executor,
    c: Cell<*mut c::leat>,
    runs: Cell<bool>,
    pub(crate) host: *mut c::leat_host,
    live: RefCell<BTreeMap<usize, Rc<dyn Live>>>,
    pub(crate) names: RefCell<Option<Names>>,
    #[cfg(feature = "openssl")]
    pub(crate) tls: RefCell<crate::tls::Provider>,
    ends: RefCell<Vec<Box<dyn FnOnce()>>>,
    #[cfg(feature = "std")]
    wakes: std::os::unix::net::UnixStream,
    memory: Memory, // the last: buffers may live until the Inner ends
}

impl Inner {
    /// The stack of C, or an error if it is closed.
    pub(crate) fn open(&self) -> Result<*mut c::leat> {
        if self.c.get().is_null() {
            return Err(Error::closed("the stack is closed"));
        }
        Ok(self.c.get())
    }

    pub(crate) fn now_ns(&self) -> u64 {
        // SAFETY: the host is open as long as the Inner is
        unsafe { ((*self.host).now_ns.expect("a host has a clock"))(self.host) }
    }

    /// Keeps something until its last callback.
    pub(crate) fn keep(&self, key: usize, live: Rc<dyn Live>) {
        self.live.borrow_mut().insert(key, live);
    }

    pub(crate) fn forget(&self, key: usize) {
        let removed = self.live.borrow_mut().remove(&key);
        drop(removed);
    }

    /// Polls the stack; returns when it wants to be polled again.
    fn poll(&self) -> u64 {
        match self.open() {
            // SAFETY: the stack is open, and callbacks neither close nor poll it
            Ok(stack) => unsafe { c::leat_poll(stack, self.now_ns()) },
            Err(_) => u64::MAX,
        }
    }

    /// Waits for the device or a time; false: the program shall end.
    fn wait(&self, deadline_ns: u64) -> bool {
        let woken = &self.executor.woken;
        woken.is_waiting.store(true, Ordering::SeqCst);
        // SAFETY: the host is open
        let goes_on = !woken.is_empty() || unsafe { ((*self.host).wait.expect("a host waits"))(self.host, deadline_ns) };
        woken.is_waiting.store(false, Ordering::SeqCst);
        #[cfg(feature = "std")]
        {
            use std::io::Read;
            let mut bytes = [0; 64];
            while matches!((&self.wakes).read(&mut bytes), Ok(64)) {}
        }
        goes_on
    }

    fn close(&self) {
        let stack = self.c.replace(null_mut());
        if stack.is_null() {
            return;
        }
        // leat may use their memory until leat_close()
        let live: Vec<_> = self.live.borrow().values().cloned().collect();
        live.iter().for_each(|live| live.lost(c::LEAT_ERR_CLOSED, "the stack is closed"));
        #[cfg(feature = "openssl")]
        self.tls.borrow_mut().close_sessions();
        drop(self.names.borrow_mut().take());
        // SAFETY: the stack is open, and this isn't called by a callback
        unsafe { c::leat_close(stack) };
        self.live.borrow_mut().clear();
        #[cfg(feature = "openssl")]
        self.tls.borrow_mut().close();
        drop(live);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
        self.ends.take().into_iter().rev().for_each(|end| end());
    }
}

/// Builds the stack on an open host and device; on error, too, it is `ends` that closes them.
unsafe fn build(
    mut config: Config,
    host: *mut c::leat_host,
    netif: *mut c::leat_netif,
    ends: Vec<Box<dyn FnOnce()>>,
    #[cfg(feature = "std")] interrupt: std::os::unix::net::UnixStream,
    #[cfg(feature = "std")] wakes: std::os::unix::net::UnixStream,
) -> Result<Stack> {
    config.stack.now_ns = ((*host).now_ns.expect("a host has a clock"))(host);
    let bytes = c::leat_memory_bytes(&config.stack)
        + c::leat_ipv6_memory_bytes(null())
        + c::leat_tcp_memory_bytes(&config.tcp)
        + c::leat_udp_memory_bytes(&config.udp);
    let inner = Rc::new(Inner {
        #[cfg(feature = "std")]
        executor: Executor::new(interrupt),
        #[cfg(not(feature = "std"))]
        executor: Executor::new(),
        c: Cell::new(null_mut()),
        runs: Cell::new(false),
        host,
        live: RefCell::new(BTreeMap::new()),
        names: RefCell::new(None),
        #[cfg(feature = "openssl")]
        tls: RefCell::new(crate::tls::Provider::new()),
        ends: RefCell::new(ends),
        #[cfg(feature = "std")]
        wakes,
        memory: Memory(Box::into_raw(alloc::vec![0; bytes / 8 + 1].into_boxed_slice())),
    });
    let stack = Stack { handle: Handle { inner: inner.clone() } };
    if config.stack.seed.iter().all(|&byte| byte == 0) {
        let entropy = (*host).entropy.expect("a host has entropy");
        check(entropy(host, config.stack.seed.as_mut_ptr().cast(), config.stack.seed.len()), "the seed")?;
    }
    let mut opened = null_mut();
    check(c::leat_init(&mut opened, inner.memory.0 as *mut c_void, bytes, &config.stack), "the stack")?;
    inner.c.set(opened);
    check(c::leat_attach(opened, netif), "the device")?;
    if (*netif).mtu >= 1280 {
        check(c::leat_ipv6_register(opened, null()), "IPv6")?;
    }
    check(c::leat_udp_register(opened, &config.udp), "UDP")?;
    check(c::leat_tcp_register(opened, &config.tcp), "TCP")?;
    for cidr in &config.addresses {
        check(c::leat_address_add(opened, netif, cidr.ip.0, cidr.bits), &cidr.ip.to_string())?;
    }
    for ip in &config.gateways {
        let network = if ip.is_v4() { Ip::v4(0, 0, 0, 0) } else { Ip::ANY };
        check(c::leat_route_add(opened, network.0, 0, ip.0), &ip.to_string())?;
    }
    let names = Names::open(opened, &config)?;
    *inner.names.borrow_mut() = Some(names);
    Ok(stack)
}

/// A stack on a device. Dropping it closes it, with all streams, listeners and tasks.
pub struct Stack {
    handle: Handle,
}

impl Deref for Stack {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Stack {
    /// Runs a future, the tasks and the stack until the future is done. An error whose code is LEAT_ERR_CANCELLED: the
    /// program shall end, because of SIGINT or SIGTERM. May be called again.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        let inner = &self.handle.inner;
        let done = Rc::new(Cell::new(None));
        let result = done.clone();
        let task: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async move { result.set(Some(future.await)) });
        // SAFETY: the guard drops the task before this function ends, in whatever way, unless it has ended
        let task = unsafe { core::mem::transmute::<_, Pin<Box<dyn Future<Output = ()>>>>(task) };
        let run = Run::begin(inner, task)?;
        loop {
            inner.executor.run();
            if let Some(value) = done.take() {
                inner.poll(); // what the future has queued leaves
                return Ok(value);
            }
            if !inner.executor.is_running(run.number) {
                return Err(Error::closed("the stack is closed"));
            }
            let next_ns = inner.poll().min(inner.executor.timers_run(inner.now_ns()));
            if inner.executor.woken.is_empty() && !inner.wait(next_ns) {
                return Err(Error::new(c::LEAT_ERR_CANCELLED, "a signal ends the program"));
            }
        }
    }
}

/// A call of block_on() in progress.
struct Run<'a> {
    inner: &'a Inner,
    number: u64,
}

impl<'a> Run<'a> {
    fn begin(inner: &'a Inner, task: Pin<Box<dyn Future<Output = ()>>>) -> Result<Run<'a>> {
        if inner.runs.replace(true) {
            return Err(Error::new(c::LEAT_ERR_IN_USE, "block_on() was called inside of block_on()"));
        }
        Ok(Run { inner, number: inner.executor.spawn(task) })
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.inner.executor.cancel(self.number);
        self.inner.runs.set(false);
    }
}

/// A task. It goes on if the handle is dropped.
pub struct Task {
    inner: Rc<Inner>,
    number: u64,
}

impl Task {
    /// Ends it: its future is dropped.
    pub fn cancel(self) {
        self.inner.executor.cancel(self.number);
    }

    /// True until its future is done.
    pub fn is_running(&self) -> bool {
        self.inner.executor.is_running(self.number)
    }
}

/// The functions of an open stack, for its tasks. All of them fail once it is closed.
#[derive(Clone)]
pub struct Handle {
    pub(crate) inner: Rc<Inner>,
}

impl Handle {
    /// A handle for another task.
    pub fn handle(&self) -> Handle {
        self.clone()
    }

    /// Runs a future beside others. It does nothing once the stack is closed.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) -> Task {
        let number = match self.inner.open() {
            Ok(_) => self.inner.executor.spawn(Box::pin(future)),
            Err(_) => 0,
        };
        Task { inner: self.inner.clone(), number }
    }

    /// Closes everything at once, and drops all tasks. It does nothing to a stack that is closed.
    pub fn close(&self) {
        self.inner.close();
        self.inner.executor.cancel_all();
    }

    /// True for an address of ours that can be used.
    pub fn is_ours(&self, ip: Ip) -> Result<bool> {
        // SAFETY: the stack is open
        Ok(unsafe { c::leat_address_is_ours(self.inner.open()?, ip.0) })
    }

    /// The stack of C, for functions of [`crate::sys`].
    pub fn as_raw(&self) -> Result<*mut c::leat> {
        self.inner.open()
    }
}
