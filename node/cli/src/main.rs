//! The running member of the mesh, as a program: see [`node`].

fn main() -> std::process::ExitCode {
    node::main()
}
