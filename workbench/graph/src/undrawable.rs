//! Which figures an architecture leaves nothing to draw for, and why.

use crate::{Graph, NodeId, Op, Role};

/// Something that an architecture lacks, and the figures that need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undrawable {
    /// A sentence, with what to do.
    pub why: &'static str,
    /// By their names.
    pub figures: &'static [&'static str],
}

const NO_PICTURE: Undrawable = Undrawable {
    why: "the architecture marks no picture (g.logits or g.picture)",
    figures: &["reconstructions", "samples", "traversal", "interpolation"],
};
const NO_PORT: Undrawable = Undrawable {
    why: "the architecture marks no port `z` (g.port)",
    figures: &["reconstructions", "samples", "traversal", "interpolation"],
};
const NOT_OF_THE_PORT: Undrawable = Undrawable {
    why: "the picture does not depend on port `z`: go on with the tensor that g.port returns",
    figures: &["samples", "traversal", "interpolation"],
};
const OF_THE_IMAGE: Undrawable = Undrawable {
    why: "the picture depends on the image also beside port `z`, and nothing but z is there to draw it from",
    figures: &["samples", "traversal", "interpolation"],
};
const NO_POSTERIOR: Undrawable = Undrawable {
    why: "the architecture marks no posterior (g.posterior)",
    figures: &["reconstructions", "latent", "kl", "traversal", "interpolation"],
};

const CLASSIFIER: Undrawable = Undrawable {
    why: "the architecture is a classifier: it predicts and draws nothing",
    figures: &["reconstructions", "samples", "latent", "kl", "traversal", "interpolation"],
};

impl Graph {
    /// Whether it predicts the class or attributes of an image and marks no picture.
    pub fn is_classifier(&self) -> bool {
        let draws = self.output(Role::Image).or(self.output(Role::Logits)).is_some();
        self.predictions().next().is_some() && !draws
    }

    /// What it lacks for figures. The loss can always be drawn.
    pub fn undrawable(&self) -> Vec<Undrawable> {
        if self.is_classifier() && self.output(Role::Mean).is_none() {
            return vec![CLASSIFIER];
        }
        let picture = self.output(Role::Image).or(self.output(Role::Logits));
        let decoder = match (picture, self.port("z")) {
            (None, _) => Some(NO_PICTURE),
            (_, None) => Some(NO_PORT),
            (Some(picture), Some(port)) => match reach(self, picture, port) {
                Reach { port: false, .. } => Some(NOT_OF_THE_PORT),
                Reach { image: true, .. } => Some(OF_THE_IMAGE),
                _ => None,
            },
        };
        let encoder = self.output(Role::Mean).is_none().then_some(NO_POSTERIOR);
        decoder.into_iter().chain(encoder).collect()
    }
}

impl Undrawable {
    /// The sentence, with those of its figures that are wanted; `None` where none is.
    pub fn of<S: AsRef<str>>(&self, wanted: &[S]) -> Option<String> {
        let is_wanted = |figure: &&&str| wanted.iter().any(|wanted| wanted.as_ref() == **figure);
        let lost: Vec<&str> = self.figures.iter().filter(is_wanted).copied().collect();
        (!lost.is_empty()).then(|| format!("{}; not drawn: {}", self.why, lost.join(", ")))
    }
}

/// What a picture is made of, where the port's value is given.
struct Reach {
    port: bool,
    image: bool,
}

fn reach(graph: &Graph, picture: NodeId, port: NodeId) -> Reach {
    let nodes = graph.nodes();
    let mut used = vec![false; nodes.len()];
    let mut found = Reach { port: false, image: false };
    used[picture.0] = true;
    for index in (0..=picture.0).rev().filter(|index| *index < nodes.len()) {
        if !used[index] {
            continue;
        }
        if index == port.0 {
            found.port = true;
            continue;
        }
        if let Op::Input(input) = nodes[index].op {
            found.image |= graph.inputs()[input.0].name == "x";
        }
        nodes[index].inputs.iter().for_each(|input| used[input.0] = true);
    }
    found
}
