//! `mesh-netsim`: breaks the county in virtual time, and says whether what must hold did.

use std::process::ExitCode;

/// Counts what is allocated, so that it can be shown how much memory a replica takes.
#[global_allocator]
static ALLOCATED: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    netsim::cli::main()
}
