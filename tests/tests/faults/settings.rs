//! What is trained: each exercises another part of a run's state.

/// Settings of a run that takes a second or so.
pub struct Setting {
    pub name: &'static str,
    pub settings: &'static [&'static str],
}

pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "adam, dynamic binarization, saved every 25 steps",
        settings: &["train.epochs=360", "input.binarize=dynamic", "checkpoint.every_steps=25"],
    },
    Setting {
        name: "adamw, cosine rate, no validation, one checkpoint kept",
        settings: &[
            "train.epochs=330",
            "train.validation=0",
            "train.optimizer={ kind = \"adamw\", lr = { kind = \"cosine\", from = 2e-3, to = 1e-5, \
             warmup_epochs = 5 }, weight_decay = 0.01 }",
            "checkpoint.keep=1",
        ],
    },
    Setting {
        name: "cyclic beta, static binarization, clipped, saved every 7 steps",
        settings: &[
            "train.steps=6000",
            "train.batch_size=13",
            "train.clip_norm=5",
            "input.binarize=static",
            "knobs.beta={ kind = \"cyclic\", from = 0.0, to = 1.0, epochs = 9 }",
            "checkpoint.every_steps=7",
            "checkpoint.keep=2",
        ],
    },
    Setting {
        name: "patience, linear beta, saved every epoch",
        settings: &[
            "train.epochs=2000",
            "train.patience=60",
            "train.monitor=valid/recon",
            "train.optimizer.lr=5e-3",
            "knobs.beta={ kind = \"linear\", from = 0.0, to = 2.0, steps = 400 }",
        ],
    },
    Setting {
        name: "steps in the rate, saved and logged at every step",
        settings: &[
            "train.epochs=300",
            "train.optimizer.lr={ kind = \"step\", from = 3e-3, factor = 0.5, every_epochs = 7 }",
            "log.every_steps=1",
            "checkpoint.every_steps=1",
            "checkpoint.keep=1",
        ],
    },
    Setting {
        name: "convolutions, capacity by the step, figures",
        settings: &[
            "train.epochs=180",
            "architecture={ plugin = \"beta-vae\", latent = 3, hidden = 16, channels = [4, 8], capacity = 3.0, \
             capacity_steps = 500 }",
            "plots={ every_epochs = 6, figures = [\"loss\", \"latent\", \"samples\"] }",
            "checkpoint.every_steps=50",
        ],
    },
    Setting {
        name: "conditional, constant rate, saved every third epoch",
        settings: &[
            "train.epochs=180",
            "train.validation=0.2",
            "architecture={ plugin = \"conditional-vae\", latent = 2, hidden = 16, channels = [4, 8] }",
            "input.binarize=dynamic",
            "checkpoint.every_epochs=3",
        ],
    },
];
