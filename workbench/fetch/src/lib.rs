//! Gets a file from one of several addresses: what is there already of it is gone on from, what arrives is checked, and
//! only what is right ever has the file's name.
//!
//! [`Fetcher::fetch`] writes `NAME.part` in the file's folder, with `NAME.part.json` telling where it is from, and
//! renames it once its size and its checksums are right. A process may end at any moment: the next one goes on from the
//! part. [`unpack()`] takes members of a zip archive out in the same way.
//!
//! Nothing here prints, or reads the environment: who calls gives the proxies, is told what happens as [`Event`]s, and
//! raises a flag to stop it.

mod claim;
mod connection;
mod error;
mod fetch;
mod part;
mod proxies;
mod sums;
mod unpack;

pub use claim::claim;
pub use error::{Error, Trouble};
pub use fetch::{Event, Fetched, Fetcher, Settings, Wanted};
pub use proxies::Proxies;
pub use sums::{Digest, Size, Sums, digest, record, recorded};
pub use unpack::{Member, unpack};
