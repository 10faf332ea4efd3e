//! kleisd: the services of Kleis.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    // An error means that it is installed already, which is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    kleis_server::main(std::env::args_os(), std::env::vars_os()).into()
}
