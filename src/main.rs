//! The program: what must hold before anything else runs, then the command line.

use std::io::Write;
use std::process::ExitCode;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

#[cfg(all(target_os = "linux", target_env = "gnu", not(target_feature = "crt-static"), not(debug_assertions)))]
compile_error!(
    "a release must be one static binary: unset RUSTFLAGS (it replaces .cargo/config.toml) and build inside the project"
);

/// Pages are made of many small strings, which this allocator makes quickly; it gives the blocks of Argon2 back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(say_where));
    keep_memory_private();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        let _ = writeln!(std::io::stderr(), "The cryptography can't be set up.");
        return ExitCode::FAILURE;
    }
    counterfoil::cli::run()
}

/// Says where, not what: the payload of a panic may hold a client's data.
fn say_where(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let _ = writeln!(std::io::stderr(), "Fault at {place} (thread {thread}). Please report this line.");
}

/// Keys and clients' data lie in memory: no core dump, no reading by other processes, no file that others can read.
fn keep_memory_private() {
    // Where the system refuses one of these, the program still runs; systemd's unit asks for the same again.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}
