//! A classifier: tells the class and the attributes of a picture, a volume or a clip, so that `eval --judge` can say
//! whether what a model draws is what was asked for.
//!
//! Strided convolutions halve the picture, residual blocks with pre-activation work at the smallest size (He, Zhang, Ren &
//! Sun, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027), with group norm (Wu & He, arXiv:1803.08494).

mod network;
mod target;

use network::Network;
use target::Target;
use workbench_sdk::prelude::*;

struct Classifier;

const TARGETS: Param = param::texts(
    "targets",
    "What it tells: attributes of the data; \"class\" is the class. Left empty: all.",
    &[],
);

impl Architecture for Classifier {
    const NAME: &str = "classifier";
    const ABOUT: &str =
        "Residual network that tells the class and attributes of an image: the judge of `eval`.";
    const PARAMS: &[Param] = &[
        TARGETS,
        Network::CHANNELS,
        Network::BLOCKS,
        Network::HIDDEN,
        Network::NORM,
        Network::DROPOUT,
        param::INIT,
    ];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        g.initialise(config.get("init")?);
        let network = Network::from_config(config)?;
        let targets = Target::chosen(g, &config.get::<Vec<String>>("targets")?)?;

        let features = network.features(g.image())?;
        g.features(features);
        let seen = network.dropped(features);
        let (mut loss, mut accuracies) = (None, Vec::new());
        for target in &targets {
            let judged = target.judge(g, seen);
            loss = Some(match loss {
                None => judged.loss,
                Some(sum) => sum + judged.loss,
            });
            accuracies.extend(judged.accuracy);
        }
        if let Some((first, others)) = accuracies.split_first() {
            let sum = others.iter().fold(*first, |sum, accuracy| sum + *accuracy);
            g.metric("accuracy", sum / accuracies.len() as f64);
        }
        if let Some(loss) = loss {
            g.loss("loss", loss);
        }
        Ok(())
    }
}

export_plugin! { architectures: [Classifier] }
