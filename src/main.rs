//! The `throughline` binary: everything it does is in the library.

use std::process::ExitCode;

/// Rows become text and text becomes JSON all day long; the system's allocator takes a fifth of what a writer does. It also serves the
/// libraries in C.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    throughline::cli::run()
}
