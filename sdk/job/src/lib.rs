#![doc = include_str!("../README.md")]
#![no_std]
// Imports are foreign functions.
#![cfg_attr(target_arch = "wasm32", allow(unsafe_code))]

#[cfg(target_arch = "wasm32")]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
pub use host::*;

/// Makes a function without arguments the job: exports it as `run`, and brings the allocator and the panic handler.
#[macro_export]
macro_rules! job {
    ($run:path) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[global_allocator]
            static ALLOCATOR: $crate::Allocator = $crate::Allocator::new();

            #[panic_handler]
            fn panic(_: &::core::panic::PanicInfo<'_>) -> ! {
                $crate::fail("the job panicked")
            }

            // Not a function named `run`: that would hide the job of this name, and call itself.
            #[allow(unsafe_code)] // A name that only the runner uses.
            #[export_name = "run"]
            extern "C" fn exported() {
                $run();
            }
        };
    };
}
