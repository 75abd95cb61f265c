//! `plugin check`: whether a plugin does what the ABI asks of it, and nothing that it forbids.
//!
//! [`examine`] runs in the command's own process and never loads the library. It starts children that run this binary
//! ([`in_the_child`]): one that reads what the library offers, then one for each data set and architecture. A child tells
//! each check as it begins it and as it ends it, over a socket that is its stdin. One that crashes or hangs is ended by
//! its own [`guard`](crate::guard), which names the call; that check has failed, and another child goes on after it.
//!
//! One family of checks a file: [`parameters`], those under [`data`] and those under [`architecture`].

mod architecture;
mod bad_values;
mod child;
mod data;
mod examine;
mod given;
mod outcome;
mod parameters;
mod protocol;

pub use child::in_the_child;
pub use examine::{Options, Report, examine};
pub use given::parse as parse_setting;
pub use outcome::{Outcome, State};
pub use protocol::{Kind, Subject};
