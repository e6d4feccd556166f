//! The command line: `downhaul`.

fn main() -> downhaul_cli::exit::Exit {
    downhaul_cli::main()
}
