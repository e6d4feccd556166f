//! The command line: `downhaul`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> downhaul_cli::exit::Exit {
    downhaul_cli::main()
}
