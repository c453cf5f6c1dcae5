//! Waiting, and time limits.

use crate::error::{Error, Result};
use crate::stack::{Handle, Inner};
use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use leat_sys as c;

/// A wait for a time of the stack's clock.
struct Sleep {
    inner: Rc<Inner>,
    at_ns: u64,
    timer: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.end();
        if self.inner.now_ns() >= self.at_ns {
            return Poll::Ready(());
        }
        self.timer = Some(self.inner.executor.timer(self.at_ns, cx.waker().clone()));
        Poll::Pending
    }
}

impl Sleep {
    fn end(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.inner.executor.timer_end(timer);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.end();
    }
}

impl Handle {
    fn wait_for(&self, time: Duration) -> Sleep {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Sleep { at_ns: self.inner.now_ns().saturating_add(ns), inner: self.inner.clone(), timer: None }
    }

    /// Waits so long.
    pub async fn sleep(&self, time: Duration) {
        self.wait_for(time).await
    }

    /// The result of a future, or an [`Error`] whose `is_timeout()` is true: then the future is dropped.
    pub async fn timeout<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Result<T> {
        let mut future = Box::pin(future);
        let mut sleep = self.wait_for(limit);
        crate::executor::poll_fn(move |cx: &mut Context<'_>| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            match Pin::new(&mut sleep).poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(Error::new(c::LEAT_ERR_TIMEOUT, "the limit of the program"))),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}
