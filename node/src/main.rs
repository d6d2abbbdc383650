//! The running member of the mesh, as a program: see [`node::cli`].

fn main() -> std::process::ExitCode {
    node::cli::main()
}
