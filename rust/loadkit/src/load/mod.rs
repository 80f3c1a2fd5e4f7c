//! The load client: keep-alive connections in one epoll loop, every answer checked.

mod connection;
mod options;
mod report;
mod request;
mod run;

pub use options::{Mode, Options, OptionsError, parse_url};
pub use report::{Faults, Report};
pub use run::{Mark, run};
