//! `mesh-netsim`: breaks the county in virtual time, and says whether what must hold did.

use std::process::ExitCode;

fn main() -> ExitCode {
    netsim::cli::main()
}
