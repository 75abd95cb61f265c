//! Whether what a model draws is what was asked for: measures by a judge, a classifier that was trained on the same data.
//!
//! [`report`] draws, reconstructs and moves images with a [`Subject`], looks at them with an [`Eye`] (a [`Judge`], and
//! what needs none) and compares what is seen with what was asked. Images are looked at a batch at a time and not kept.

mod agreement;
mod error;
mod eye;
mod factors;
mod items;
mod judge;
mod measures;
mod report;
mod subject;
mod target;

pub use agreement::Agreement;
pub use error::Error;
pub use eye::{Eye, Seen};
pub use judge::{Described, Judge};
pub use measures::asked::{AskedOf, ValueAsked};
pub use measures::copies::{Copies, Distances};
pub use measures::held_out::HeldOut;
pub use measures::quality::Quality;
pub use measures::recognisable::Recognisable;
pub use measures::shape::{Pieces, Position};
pub use measures::sliders::{By, Other, Slider};
pub use measures::support::{PrecisionRecall, Support};
pub use report::{Report, Settings, report};
pub use subject::{Draw, Subject};
pub use target::{Scale, Target};
