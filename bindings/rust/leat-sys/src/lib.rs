//! The declarations of leat's C headers, as they are: functions, structs, enums and constants. The docstrings are those
//! of the headers. `bindings.rs` is made of the description of the interface by tools/bindings.py; sizes are asserted at
//! compile time, offsets by the tests.
#![no_std]
#![allow(non_camel_case_types, non_upper_case_globals, clippy::missing_safety_doc)]

mod bindings;
pub use bindings::*;
pub use core::ffi::c_void;

/// C's char, which core has only since Rust 1.64.
#[cfg(target_arch = "x86_64")]
pub type c_char = i8;
/// C's char, which core has only since Rust 1.64.
#[cfg(not(target_arch = "x86_64"))]
pub type c_char = u8;

/// Makes a struct of C zeroed by default, and asserts its size and alignment.
macro_rules! zeroed {
    ($name:ident, $size:expr, $align:expr) => {
        impl Default for $name {
            fn default() -> Self {
                // SAFETY: numbers, pointers and optional functions may be zero
                unsafe { core::mem::zeroed() }
            }
        }
        const _: () = assert!(core::mem::size_of::<$name>() == $size && core::mem::align_of::<$name>() == $align);
    };
}
pub(crate) use zeroed;

/// The offsets of a struct, for the test.
macro_rules! offsets {
    ($name:ident, $($member:ident $offset:expr),*) => {
        #[cfg(test)]
        impl crate::Offsets for $name {
            fn check() {
                let place = core::mem::MaybeUninit::<$name>::uninit();
                let base = place.as_ptr();
                $(
                    // SAFETY: no member is read
                    let member = unsafe { core::ptr::addr_of!((*base).$member) };
                    assert_eq!(member as usize - base as usize, $offset, stringify!($name.$member));
                )*
            }
        }
    };
}
pub(crate) use offsets;

/// The test of all offsets.
macro_rules! test_offsets {
    ($($name:ident)*) => {
        #[cfg(test)]
        #[test]
        fn offsets_are_those_of_c() {
            $(<$name as crate::Offsets>::check();)*
        }
    };
}
pub(crate) use test_offsets;

#[cfg(test)]
pub(crate) trait Offsets {
    fn check();
}

#[cfg(test)]
extern crate std;
