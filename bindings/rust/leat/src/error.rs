//! Errors: a number of `enum leat_err`, and details in words.

use alloc::string::{String, ToString};
use core::fmt;
use leat_sys as c;

/// A call of leat has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: c::leat_err,
    detail: String,
}

/// The result of most calls.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(code: c::leat_err, detail: &str) -> Self {
        Error { code, detail: detail.to_string() }
    }

    /// The object is closed: by us, or because its stack is.
    pub(crate) fn closed(detail: &str) -> Self {
        Error::new(c::LEAT_ERR_CLOSED, detail)
    }

    /// The number in `enum leat_err`, such as `leat::sys::LEAT_ERR_REFUSED`.
    pub fn code(&self) -> c::leat_err {
        self.code
    }

    /// True for any use of an object that is closed.
    pub fn is_closed(&self) -> bool {
        self.code == c::LEAT_ERR_CLOSED || self.code == c::LEAT_ERR_CLOSING
    }

    /// True if a time limit has ended the wait.
    pub fn is_timeout(&self) -> bool {
        self.code == c::LEAT_ERR_TIMEOUT
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: a static text
        f.write_str(&unsafe { text_of(c::leat_err_text(self.code)) })?;
        if self.detail.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.detail)
        }
    }
}

#[cfg(feature = "std")]
impl std::error::Error for Error {}

#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.code {
            c::LEAT_ERR_REFUSED => ErrorKind::ConnectionRefused,
            c::LEAT_ERR_RESET => ErrorKind::ConnectionReset,
            c::LEAT_ERR_ABORTED => ErrorKind::ConnectionAborted,
            c::LEAT_ERR_TIMEOUT => ErrorKind::TimedOut,
            c::LEAT_ERR_NOT_FOUND => ErrorKind::NotFound,
            c::LEAT_ERR_IN_USE => ErrorKind::AddrInUse,
            c::LEAT_ERR_CLOSED | c::LEAT_ERR_CLOSING => ErrorKind::BrokenPipe,
            c::LEAT_ERR_CUT_SHORT => ErrorKind::UnexpectedEof,
            c::LEAT_ERR_CANCELLED => ErrorKind::Interrupted,
            _ => ErrorKind::Other,
        };
        std::io::Error::new(kind, error)
    }
}

/// The text of C's, up to its NUL. Safety: it has one.
pub(crate) unsafe fn text_of(text: *const c::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    let mut len = 0;
    while *text.add(len) != 0 {
        len += 1;
    }
    String::from_utf8_lossy(core::slice::from_raw_parts(text.cast::<u8>(), len)).into_owned()
}

/// Fails with a number that isn't LEAT_OK.
pub(crate) fn check(code: c::leat_err, detail: &str) -> Result<()> {
    if code == c::LEAT_OK {
        Ok(())
    } else {
        Err(Error::new(code, detail))
    }
}
