//! A session's parameters, buffers and moments, out for a checkpoint and back in.

use std::collections::BTreeMap;

use workbench_graph::Param;

use crate::array::Array;
use crate::{Error, Session};

impl Session {
    /// Every parameter and buffer by name.
    ///
    /// # Errors
    /// The device fails.
    pub fn parameters(&self) -> Result<BTreeMap<String, Array>, Error> {
        let named = self.graph.params().iter().zip(self.backend.parameters()?);
        Ok(named
            .map(|(param, data)| (param.name.clone(), Array { shape: param.shape.clone(), data }))
            .collect())
    }

    /// Replaces every parameter and buffer.
    ///
    /// # Errors
    /// The names or shapes are not exactly the graph's: the first difference is named, and nothing
    /// is changed.
    pub fn load_parameters(&mut self, arrays: &BTreeMap<String, Array>) -> Result<(), Error> {
        let params = self.graph.params();
        let wanted =
            params.iter().map(|param| (param.name.clone(), param.shape.as_slice())).collect();
        check_arrays(arrays, &wanted)
            .map_err(|(name, message)| Error::Parameter { name, message })?;
        let data = params.iter().map(|param| arrays[&param.name].data.clone()).collect();
        self.backend.set_parameters(data)
    }

    /// The optimizer's moments: `<parameter>.m` and `<parameter>.v`, shaped like the parameter, and where an average of
    /// the weights is kept, `<parameter>.ema`; buffers have none.
    ///
    /// # Errors
    /// The device fails.
    pub fn optimizer_state(&self) -> Result<BTreeMap<String, Array>, Error> {
        let mut state = BTreeMap::new();
        for (param, [m, v]) in self.trained_params().zip(self.backend.moments()?) {
            for (suffix, data) in [("m", m), ("v", v)] {
                let shape = param.shape.clone();
                state.insert(format!("{}.{suffix}", param.name), Array { shape, data });
            }
        }
        for (param, data) in self.trained_params().zip(self.backend.averages()?) {
            let shape = param.shape.clone();
            state.insert(format!("{}.ema", param.name), Array { shape, data });
        }
        Ok(state)
    }

    /// Replaces the optimizer's moments, the average of the weights and the step, which also says where the noise goes on.
    ///
    /// # Errors
    /// The names or shapes are not exactly those of [`Session::optimizer_state`]: the first difference
    /// is named, and nothing is changed.
    pub fn load_optimizer_state(
        &mut self,
        arrays: &BTreeMap<String, Array>,
        step: u64,
    ) -> Result<(), Error> {
        let params: Vec<_> = self.trained_params().collect();
        let parts: &[&str] = if self.keeps_average { &["m", "v", "ema"] } else { &["m", "v"] };
        let wanted = params
            .iter()
            .flat_map(|param| {
                parts.iter().map(|s| (format!("{}.{s}", param.name), param.shape.as_slice()))
            })
            .collect();
        check_arrays(arrays, &wanted)
            .map_err(|(name, message)| Error::OptimizerState { name, message })?;
        let moments = params
            .iter()
            .map(|param| ["m", "v"].map(|s| arrays[&format!("{}.{s}", param.name)].data.clone()))
            .collect();
        let averages = params.iter().filter(|_| self.keeps_average);
        let averages =
            averages.map(|param| arrays[&format!("{}.ema", param.name)].data.clone()).collect();
        self.backend.set_moments(moments)?;
        self.backend.set_averages(averages)?;
        self.step = step;
        Ok(())
    }

    fn trained_params(&self) -> impl Iterator<Item = &Param> {
        self.graph.params().iter().filter(|param| param.trained)
    }
}

/// Names the first entry that is missing, unexpected or of another shape.
fn check_arrays(
    arrays: &BTreeMap<String, Array>,
    wanted: &BTreeMap<String, &[usize]>,
) -> Result<(), (String, String)> {
    for (name, &shape) in wanted {
        let Some(array) = arrays.get(name) else {
            return Err((name.clone(), "is missing".to_owned()));
        };
        if array.shape != shape || array.data.len() != shape.iter().product::<usize>() {
            let message = format!(
                "has shape {:?} with {} numbers, and the architecture has {shape:?}",
                array.shape,
                array.data.len()
            );
            return Err((name.clone(), message));
        }
    }
    match arrays.keys().find(|name| !wanted.contains_key(*name)) {
        Some(name) => {
            Err((name.clone(), "the architecture has no parameter of this name".to_owned()))
        }
        None => Ok(()),
    }
}
