//! What i64 classes, such as labels, become: learned vectors, or zeros and a one.

use std::panic::Location;

use workbench_abi as abi;

use crate::tensor::{Attribute, Dim, Tensor};

impl<'g> Tensor<'g> {
    /// A learned vector for each class: i64 `[…]` → `[…, dims]`. The table `weight` `[classes, dims]`
    /// starts as N(0, 1). A class that is not in 0 .. `classes` ends the step with an error.
    #[track_caller]
    pub fn embedding(self, name: &str, classes: usize, dims: usize) -> Tensor<'g> {
        let graph = self.graph;
        let _here = graph.builder.located(Location::caller());
        graph.composite("embedding", name, || {
            let normal = abi::Init { kind: abi::INIT_NORMAL, reserved: 0, scale: 1.0 };
            graph.parameter_with("weight", &[classes, dims], normal).take(0, self)
        })
    }

    /// 1 at the place of the class, 0 elsewhere: i64 `[…]` → f32 `[…, classes]`. A class that is not in
    /// 0 .. `classes` gives zeros alone.
    #[track_caller]
    pub fn one_hot(self, classes: usize) -> Tensor<'g> {
        let graph = self.graph;
        let _here = graph.builder.located(Location::caller());
        graph.composite("one_hot", "", || {
            let mut column = self.shape();
            column.push(Dim::Fixed(1));
            let axis = [("axis", Attribute::Int(0))];
            let places = graph.op("iota", &[], &axis, Some(&[Dim::Fixed(classes)]));
            self.reshape(&column).equal(places.to_i64())
        })
    }
}
