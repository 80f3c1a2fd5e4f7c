//! The benchmark's mock upstream and load client: `loadkit --help`.

#[cfg(target_os = "linux")]
mod cli;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::io::Write as _;
    use std::process::ExitCode;

    match cli::run(std::env::args_os().skip(1)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // nobody is left to tell when standard error is closed
            let _ = writeln!(std::io::stderr(), "loadkit: {error}\n\n{}", cli::USAGE);
            ExitCode::from(2)
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    // epoll and CLOCK_MONOTONIC across processes
    std::process::ExitCode::from(2)
}
