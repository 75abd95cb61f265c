use proptest::collection::vec;
use proptest::prelude::*;
use workbench_experiment::Experiment;

use crate::{FULL, LEAST, cases, good};

#[test]
fn the_resolved_form_is_as_a_person_would_write_it() {
    let overrides =
        ["knobs.beta={ kind = \"cosine\", from = 1, warmup_steps = 5 }", "train.clip_norm=1"];
    let text = FULL.replace("latent = 20", "\"an \\\"odd\\\" key\" = \"é\"\nlatent = 20");
    insta::assert_snapshot!(good(&text, &overrides).to_toml(), @r#"
    name = "digits-conv"
    seed = 7

    [dataset]
    name = "digits"

    [architecture]
    plugin = "conv-vae"
    "an \"odd\" key" = "é"
    latent = 20

    [train]
    epochs = 20
    batch_size = 128
    optimizer = { kind = "adam", lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.0 }
    validation = 0.1
    clip_norm = 1.0
    monitor = "valid/loss"

    [knobs]
    beta = { kind = "cosine", from = 1.0, to = 0.0, warmup_steps = 5 }

    [input]
    binarize = "none"
    dequantize = false
    flip = "none"
    shift = 0
    memory_mb = 0
    readers = 0
    on_bad_item = "stop"
    read_deadline = 300.0

    [log]
    every_steps = 10

    [checkpoint]
    every_epochs = 1
    keep = 3

    [plots]
    every_epochs = 1
    figures = ["loss", "latent", "reconstructions", "samples"]

    [device]
    kind = "cpu"
    threads = 0
    "#);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_is_written_reads_back_equal(settings in settings()) {
        let experiment = Experiment::parse("e.toml", LEAST, &settings).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let written = experiment.to_toml();
        let again = Experiment::parse("other.toml", &written, &[]).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&experiment, &again, "{}", &written);
        prop_assert_eq!(written, again.to_toml());
    }
}

fn settings() -> impl Strategy<Value = Vec<String>> {
    let setting = prop_oneof![
        any::<u64>().prop_map(|seed| format!("seed={seed}")),
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}".prop_map(|name| format!("name=\"{name}\"")),
        (1..=1_000_000_000_u64).prop_map(|epochs| format!("train.epochs={epochs}")),
        (1..=1_000_000_u64).prop_map(|batch| format!("train.batch_size={batch}")),
        (0.0..1.0).prop_map(|share: f64| format!("train.validation={share:?}")),
        (0.0..1.0).prop_map(|beta: f64| format!("train.optimizer.beta2={beta:?}")),
        (1e-300..1e300).prop_map(|eps: f64| format!("train.optimizer.eps={eps:?}")),
        (1..100_u64).prop_map(|epochs| format!("train.patience={epochs}")),
        (1e-10..1e10).prop_map(|norm: f64| format!("train.clip_norm={norm:?}")),
        (0.0..1.0).prop_map(|ema: f64| format!("train.ema={ema:?}")),
        Just("train.optimizer.kind=adamw".to_owned()),
        prop_oneof!["none", "static", "dynamic"].prop_map(|word| format!("input.binarize={word}")),
        prop_oneof!["none", "horizontal", "vertical", "both"]
            .prop_map(|word| format!("input.flip={word}")),
        (0..65_536_u64).prop_map(|pixels| format!("input.shift={pixels}")),
        (1..65_536_u64, 1..65_536_u64).prop_map(|(h, w)| format!("input.crop=[{h}, {w}]")),
        (0..1_000_000_u64).prop_map(|mb| format!("input.memory_mb={mb}")),
        (0..256_u64).prop_map(|readers| format!("input.readers={readers}")),
        (0.01..1e6).prop_map(|seconds: f64| format!("input.read_deadline={seconds:?}")),
        (1..1000_u64).prop_map(|steps| format!("checkpoint.every_steps={steps}")),
        vec("\\PC{0,8}", 0..4)
            .prop_map(|figures| format!("plots.figures={figures:?}").replace("\\u{", "u{")),
        schedule(0.0, 1e20).prop_map(|schedule| format!("train.optimizer.lr={schedule}")),
        ("[a-z]{1,8}", schedule(-1e20, 1e20))
            .prop_map(|(knob, schedule)| format!("knobs.{knob}={schedule}")),
        ("[^.=\"\\s]{1,8}", -1e9..1e9)
            .prop_map(|(key, value): (String, f64)| format!("architecture.x{key}={value:?}")),
        ("[a-z]{1,4}", any::<String>()).prop_map(|(key, value)| format!("dataset.x{key}={value}")),
        ("[a-z]{1,4}", any::<i64>())
            .prop_map(|(key, value)| format!("dataset.y{key}={{ z = [{value}, 2026-01-02] }}")),
    ];
    vec(setting, 0..12)
}

fn schedule(least: f64, most: f64) -> impl Strategy<Value = String> {
    let value = move || (least..most).prop_map(|value: f64| if value == 0.0 { 1.0 } else { value });
    let length = || {
        prop_oneof![
            Just(String::new()),
            (1..1_000_000_u64).prop_map(|steps| format!(", steps = {steps}")),
            (1..1_000_u64).prop_map(|epochs| format!(", epochs = {epochs}")),
        ]
    };
    prop_oneof![
        value().prop_map(|value| format!("{value:?}")),
        (value(), value(), length()).prop_map(|(from, to, length)| format!(
            "{{ kind = \"linear\", from = {from:?}, to = {to:?}{length} }}"
        )),
        (value(), value(), 1..50_u64).prop_map(|(from, to, warmup)| format!(
            "{{ kind = \"cosine\", from = {from:?}, to = {to:?}, warmup_epochs = {warmup} }}"
        )),
        (value(), value(), 0.01..1.0, length()).prop_map(
            |(from, to, ratio, length): (f64, f64, f64, String)| format!(
                "{{ kind = \"cyclic\", from = {from:?}, to = {to:?}, ratio = {ratio:?}{length} }}"
            )
        ),
        (value(), 0.1..1.0, proptest::collection::btree_set(1..1000_u64, 1..5)).prop_map(
            |(from, factor, at): (f64, f64, _)| {
                let at = at.into_iter().collect::<Vec<_>>();
                format!("{{ kind = \"step\", from = {from:?}, factor = {factor:?}, at = {at:?} }}")
            }
        ),
        (value(), 0.1..1.0, 1..1000_u64).prop_map(|(from, factor, every): (f64, f64, _)| format!(
            "{{ kind = \"step\", from = {from:?}, factor = {factor:?}, every_epochs = {every} }}"
        )),
    ]
}
