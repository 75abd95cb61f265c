//! Where a value that is NaN or infinite came from.

use std::collections::BTreeMap;

use crate::error::describe;
use crate::feed::{self, Ask};
use crate::{Batch, Error, Session};

impl Session {
    /// Evaluates a batch once more, as [`Session::evaluate`] does with the same `draw`, keeping every value, and tells
    /// which was the first that is not finite. `what` is the measure that it was noticed by.
    ///
    /// # Errors
    /// As for [`Session::evaluate`].
    pub fn not_finite(
        &self,
        batch: &Batch,
        knobs: &BTreeMap<String, f64>,
        draw: u64,
        what: &str,
    ) -> Result<Error, Error> {
        let wanted = self.measured();
        let noise = self.noise("evaluate", draw);
        let ask = Ask { knobs: Some(knobs), noise, ..Ask::new(&wanted, self.seed) };
        let given = feed::feed(&self.graph, self.step, batch, ask)?;
        let node = self.backend.first_non_finite(&self.graph, &wanted, &given)?;
        Ok(Error::NonFinite {
            step: self.step,
            what: what.to_owned(),
            node: node.map(|node| describe(&self.graph, node)),
        })
    }
}
