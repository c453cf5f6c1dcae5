//! leat: a TCP/IP stack in user space, as a library in one thread.
//!
//! A [`Stack`] runs on one device. Its futures are run by [`Stack::block_on`], in the thread that has opened it: streams
//! ([`Stream`]), listeners ([`Listener`]), datagrams ([`Udp`]), lookups, and TLS 1.3.
//!
//! ```no_run
//! fn main() -> leat::Result<()> {
//!     let device = leat::Passt::new("10.0.2.15/24".parse()?, "10.0.2.2".parse()?).tcp("7007:7");
//!     let stack = leat::Config::new().address("10.0.2.15/24")?.gateway("10.0.2.2")?.open(device)?;
//!     stack.block_on(async {
//!         let listener = stack.listen(7)?;
//!         loop {
//!             let stream = listener.accept().await?;
//!             stack.spawn(async move {
//!                 while let Ok(Some(data)) = stream.receive().await {
//!                     if stream.send(data).await.is_err() {
//!                         break;
//!                     }
//!                 }
//!             });
//!         }
//!     })?
//! }
//! ```
//!
//! - **Time limits**: [`Handle::timeout`] ends any future.
//! - **Cancelling** is dropping a future: a wait leaves the stream as it was, a connect leaves nothing.
//! - **Closing** anything twice does nothing; any use of what is closed is an [`Error`] whose `is_closed()` is true.
//! - **Images** use the crate without its default features; it then needs core and alloc only.
//!   [`Config::open_raw`] takes a host and a device of leat's C interface.
//! - Futures of other crates run as well. A waker may be used in any thread; nothing else may.
#![no_std]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub use leat_sys as sys;

mod addr;
mod buf;
#[cfg(feature = "std")]
mod device;
mod error;
mod executor;
mod listener;
mod names;
mod stack;
mod stream;
mod time;
#[cfg(feature = "openssl")]
mod tls;
mod udp;

pub use addr::{Cidr, Endpoint, Ip};
pub use buf::Buf;
#[cfg(feature = "std")]
pub use device::{Device, Passt, Socket, Tap};
pub use error::{Error, Result};
pub use listener::Listener;
pub use stack::{Config, Handle, Stack, Task};
pub use stream::Stream;
#[cfg(feature = "openssl")]
pub use tls::{Authorities, Identity};
pub use udp::Udp;
