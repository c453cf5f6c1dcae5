//! Buffers of the stack's pool, which carry bytes without a copy.

use crate::stack::Inner;
use alloc::rc::Rc;
use alloc::vec::Vec;
use leat_sys as c;

/// Bytes in buffers of the stack. Dropping it gives them back.
pub struct Buf {
    c: *mut c::leat_buf,
    memory: Rc<Inner>, // the pool lies in the stack's block
}

impl Buf {
    /// Safety: @c is a list of buffers of that stack's pool, and becomes the Buf's.
    pub(crate) unsafe fn new(c: *mut c::leat_buf, memory: Rc<Inner>) -> Buf {
        Buf { c, memory }
    }

    /// Bytes in all pieces.
    pub fn len(&self) -> usize {
        self.pieces().map(<[u8]>::len).sum()
    }

    /// True for no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut at: *const c::leat_buf = self.c;
        core::iter::from_fn(move || {
            // SAFETY: the list is ours, and doesn't change while it is borrowed
            unsafe {
                let piece = at.as_ref()?;
                at = piece.next;
                if piece.len == 0 {
                    return Some(&[][..]);
                }
                Some(core::slice::from_raw_parts(piece.data, piece.len as usize))
            }
        })
    }

    /// A copy of all bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.pieces().for_each(|piece| bytes.extend_from_slice(piece));
        bytes
    }

    pub(crate) fn is_of(&self, inner: &Rc<Inner>) -> bool {
        Rc::ptr_eq(&self.memory, inner)
    }

    pub(crate) fn into_c(self) -> *mut c::leat_buf {
        let mut this = self;
        core::mem::replace(&mut this.c, core::ptr::null_mut())
    }
}

impl Drop for Buf {
    fn drop(&mut self) {
        // SAFETY: the list is ours; NULL is allowed
        unsafe { c::leat_buf_free(self.c) };
    }
}
