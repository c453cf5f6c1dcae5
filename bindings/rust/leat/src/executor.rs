//! Runs futures in one thread, between two polls of the stack.
//!
//! A task that was woken stands in a list that any thread may push to (a Treiber stack); the loop takes the whole list at
//! once. So a turn costs as much as there are tasks to run, and not as there are tasks.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use core::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The list of woken tasks, and how to interrupt the loop while it waits.
pub(crate) struct Woken {
    head: AtomicPtr<Entry>,
    /// The loop waits for its devices, or is about to.
    pub(crate) is_waiting: AtomicBool,
    /// The stack is gone: nothing runs any more.
    is_over: AtomicBool,
    #[cfg(feature = "std")]
    pub(crate) interrupt: std::os::unix::net::UnixStream,
}

/// One task in the list; its Arc is the waker.
struct Entry {
    number: u64,
    is_listed: AtomicBool,
    next: AtomicPtr<Entry>,
    woken: Arc<Woken>,
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        if self.woken.is_over.load(Ordering::SeqCst) || self.is_listed.swap(true, Ordering::SeqCst) {
            return;
        }
        let woken = self.woken.clone();
        let entry = Arc::into_raw(self) as *mut Entry; // the list's reference
        let mut head = woken.head.load(Ordering::SeqCst);
        loop {
            // SAFETY: is_listed makes this the only writer of the member until the list was taken
            unsafe { (*entry).next.store(head, Ordering::SeqCst) };
            match woken.head.compare_exchange(head, entry, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => break,
                Err(other) => head = other,
            }
        }
        if woken.is_waiting.load(Ordering::SeqCst) {
            woken.interrupt_wait();
        }
    }
}

impl Woken {
    fn interrupt_wait(&self) {
        #[cfg(feature = "std")]
        {
            use std::io::Write;
            let _ = (&self.interrupt).write(&[1]); // if it is full, the loop wakes anyway
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::SeqCst).is_null()
    }

    /// The numbers of all woken tasks, in the order in which they were woken.
    fn take(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut at = self.head.swap(null_mut(), Ordering::SeqCst);
        while !at.is_null() {
            // SAFETY: the list has held a reference, which is ours now
            let entry = unsafe { Arc::from_raw(at) };
            at = entry.next.load(Ordering::SeqCst);
            entry.is_listed.store(false, Ordering::SeqCst);
            numbers.push(entry.number);
        }
        numbers.reverse();
        numbers
    }
}

/// The tasks, by number, and the times at which others shall be woken.
pub(crate) struct Executor {
    pub(crate) woken: Arc<Woken>,
    tasks: RefCell<BTreeMap<u64, (Option<Task>, Waker)>>,
    timers: RefCell<BTreeMap<(u64, u64), Waker>>,
    next_number: Cell<u64>,
}

impl Executor {
    pub(crate) fn new(#[cfg(feature = "std")] interrupt: std::os::unix::net::UnixStream) -> Executor {
        let woken = Woken {
            head: AtomicPtr::new(null_mut()),
            is_waiting: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            #[cfg(feature = "std")]
            interrupt,
        };
        Executor {
            woken: Arc::new(woken),
            tasks: RefCell::new(BTreeMap::new()),
            timers: RefCell::new(BTreeMap::new()),
            next_number: Cell::new(0),
        }
    }

    fn number(&self) -> u64 {
        self.next_number.set(self.next_number.get() + 1);
        self.next_number.get()
    }

    /// Adds a task, and wakes it.
    pub(crate) fn spawn(&self, task: Task) -> u64 {
        let number = self.number();
        let entry = Arc::new(Entry {
            number,
            is_listed: AtomicBool::new(false),
            next: AtomicPtr::new(null_mut()),
            woken: self.woken.clone(),
        });
        let waker = Waker::from(entry);
        self.tasks.borrow_mut().insert(number, (Some(task), waker.clone()));
        waker.wake();
        number
    }

    /// Runs every task that was woken, once.
    pub(crate) fn run(&self) {
        for number in self.woken.take() {
            let taken = self.tasks.borrow_mut().get_mut(&number).map(|(task, waker)| (task.take(), waker.clone()));
            let (mut task, waker) = match taken {
                Some((Some(task), waker)) => (task, waker),
                _ => continue, // it has ended, or was cancelled
            };
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                self.tasks.borrow_mut().remove(&number);
                continue;
            }
            let mut tasks = self.tasks.borrow_mut();
            match tasks.get_mut(&number) {
                Some(slot) => slot.0 = Some(task),
                None => {
                    drop(tasks); // cancelled by itself: its end may use the executor
                    drop(task);
                }
            }
        }
    }

    /// Ends a task; its future is dropped, unless it is running: then it is once it waits.
    pub(crate) fn cancel(&self, number: u64) {
        let removed = self.tasks.borrow_mut().remove(&number);
        drop(removed);
    }

    pub(crate) fn cancel_all(&self) {
        let removed = core::mem::take(&mut *self.tasks.borrow_mut());
        drop(removed);
    }

    pub(crate) fn is_running(&self, number: u64) -> bool {
        self.tasks.borrow().contains_key(&number)
    }

    // ---- Timers ----

    pub(crate) fn timer(&self, at_ns: u64, waker: Waker) -> (u64, u64) {
        let key = (at_ns, self.number());
        self.timers.borrow_mut().insert(key, waker);
        key
    }

    pub(crate) fn timer_end(&self, key: (u64, u64)) {
        let removed = self.timers.borrow_mut().remove(&key);
        drop(removed);
    }

    /// Wakes those whose time has come; returns the next time.
    pub(crate) fn timers_run(&self, now_ns: u64) -> u64 {
        loop {
            let first = self.timers.borrow().keys().next().copied();
            match first {
                Some(key) if key.0 <= now_ns => {
                    let waker = self.timers.borrow_mut().remove(&key);
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                }
                Some(key) => return key.0,
                None => return u64::MAX,
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.woken.is_over.store(true, Ordering::SeqCst);
        self.cancel_all();
        self.woken.take(); // entries of the list refer to it
    }
}

/// A future made of a function; core has it only since Rust 1.64.
pub(crate) fn poll_fn<T, F: FnMut(&mut Context<'_>) -> Poll<T>>(poll: F) -> PollFn<F> {
    PollFn(poll)
}

pub(crate) struct PollFn<F>(F);

impl<F> Unpin for PollFn<F> {}

impl<T, F: FnMut(&mut Context<'_>) -> Poll<T>> Future for PollFn<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        (self.0)(cx)
    }
}
