//! What else a run directory holds.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use workbench_runs::{
    Attribute, AttributeColumn, AttributeKind, Checkpoint, Data, Group, Request, RunDir, Snapshot,
    Status, Tensor, Tensors, checkpoint, claim, request, tensors,
};

use crate::parser::{Parser, write};

/// A long string is held as it is read, unescaped and in the message; these files are at most 1 MiB.
const JSON: usize = 8;

pub fn parsers(dir: &Path) -> Vec<Parser> {
    vec![
        safetensors(dir),
        latents(dir),
        manifest(dir),
        state(dir),
        status(dir),
        claims(dir),
        requests(dir),
        provenance(dir),
    ]
}

/// A parser of one file.
fn file(
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    path: PathBuf,
    times: usize,
    parse: impl Fn(&Path) -> Result<(), String> + 'static,
) -> Parser {
    let there = path.clone();
    let put = Box::new(move |bytes: &[u8]| {
        write(&there, bytes);
        bytes.len()
    });
    Parser { name, seeds, put, parse: Box::new(move || parse(&path)), times }
}

fn run(dir: &Path, name: &str) -> RunDir {
    let run = RunDir::create(dir, name).unwrap();
    run.write_text("experiment.toml", "").unwrap();
    run
}

fn some_tensors(n: usize) -> Tensors {
    Tensors::from([
        ("encoder.hidden.weight".to_owned(), Tensor::f32([n, 4], vec![0.5; 4 * n])),
        ("encoder.hidden.bias".to_owned(), Tensor::f32([4], vec![-1.0; 4])),
        ("labels".to_owned(), Tensor::i64([n], vec![3; n])),
        ("scalar".to_owned(), Tensor::f32([], vec![1.0])),
    ])
}

fn safetensors(dir: &Path) -> Parser {
    let path = dir.join("a.safetensors");
    // Small, so that headers are hit, and large, so that sizes show.
    let seeds = [2, 100, 20_000].map(|n| {
        tensors::write_tensors(&path, &some_tensors(n)).unwrap();
        fs::read(&path).unwrap()
    });
    file("safetensors", seeds.to_vec(), path, 2, |path| {
        let read = tensors::read_tensors(path).map_err(|error| error.to_string())?;
        for tensor in read.values() {
            let elements = match &tensor.data {
                Data::F32(data) => data.len(),
                Data::I64(data) => data.len(),
            };
            assert_eq!(tensor.shape.iter().product::<usize>(), elements);
        }
        Ok(())
    })
}

fn latents(dir: &Path) -> Parser {
    let run = run(dir, "latents");
    let mut path = PathBuf::new();
    let seeds = [2, 1000].map(|n| {
        let (mean, logvar) = (vec![0.25; 3 * n], vec![-1.0; 3 * n]);
        let attribute = |name: &str, kind, values: &[&str]| AttributeColumn {
            attribute: Attribute {
                name: name.to_owned(),
                kind,
                values: values.iter().map(|&value| value.to_owned()).collect(),
                range: Some([0.0, 2.0]),
            },
            of: (0..n).map(|i| (i % 2) as f32).collect(),
        };
        let attributes = vec![
            attribute("hair", AttributeKind::Categorical, &["black", "fair"]),
            attribute("age", AttributeKind::Real, &[]),
        ];
        let labels = Some(vec![1; n]);
        // The larger one is of some items of its split.
        let items = if n > 2 { (0..n as u32).map(|at| 3 * at).collect() } else { Vec::new() };
        let snapshot = Snapshot { step: 7, dims: 3, mean, logvar, labels, attributes, items };
        path = snapshot.save(&run).unwrap();
        fs::read(&path).unwrap()
    });
    file("latents", seeds.to_vec(), path, 2, |path| {
        let snapshot = Snapshot::load(path).map_err(|error| error.to_string())?;
        assert_eq!(snapshot.mean.len(), snapshot.logvar.len());
        assert!(
            snapshot
                .labels
                .as_ref()
                .is_none_or(|labels| snapshot.dims == 0 || labels.len() == snapshot.len())
        );
        Ok(())
    })
}

fn saved(run: &RunDir) -> PathBuf {
    let state = toml::toml! {
        layout = 1
        without_improvement = 2
        [set]
        lr = 0.001
        [best]
        tag = "valid/loss"
        step = 7
        value = 101.25
    };
    let (model, optimizer) = (some_tensors(2), some_tensors(2));
    checkpoint::save(run, &Checkpoint { step: 7, model, optimizer, state }).unwrap()
}

fn manifest(dir: &Path) -> Parser {
    let folder = saved(&run(dir, "manifest"));
    let path = folder.join("manifest.json");
    let seeds = vec![fs::read(&path).unwrap()];
    // A small file beside others that are read too: what they take is no fault of it.
    file("checkpoint manifest", seeds, path, JSON, move |_| {
        checkpoint::load(&folder).map(|_| ()).map_err(|error| error.to_string())
    })
}

/// The text within a checkpoint, with a manifest that agrees with it.
fn state(dir: &Path) -> Parser {
    let folder = saved(&run(dir, "state"));
    let (state, manifest) = (folder.join("state.toml"), folder.join("manifest.json"));
    let seed = fs::read(&state).unwrap();
    let hash = |bytes: &[u8]| -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let good: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let put = move |bytes: &[u8]| {
        let mut manifest_now = good.clone();
        manifest_now["files"]["state.toml"] =
            serde_json::json!({"bytes": bytes.len(), "sha256": hash(bytes)});
        write(&manifest, manifest_now.to_string().as_bytes());
        write(&state, bytes);
        bytes.len()
    };
    let parse = move || checkpoint::load(&folder).map(|_| ()).map_err(|error| error.to_string());
    Parser {
        name: "checkpoint state",
        seeds: vec![seed],
        put: Box::new(put),
        parse: Box::new(parse),
        times: crate::texts::TOML,
    }
}

fn status(dir: &Path) -> Parser {
    let run = run(dir, "status");
    let status = |error: &str| {
        format!(
            "{{\n  \"state\": \"running\",\n  \"pid\": 4711,\n  \"host\": \"node-7\",\n  \"heartbeat\": 12,\n  \
             \"started\": \"2026-11-24T22:50:51Z\",\n  \"updated\": \"2026-11-24T22:51:51.25Z\",\n  \"step\": 300,\n  \
             \"epoch\": 2,\n  \"steps_total\": 1000,\n  \"parameters\": 5000,\n  \"images_per_second\": 1234.5,\n  \
             \"best\": {{\"tag\": \"valid/loss\", \"step\": 200, \"value\": 0.1}},\n  \"skipped\": 1,\n  \"error\": {error}\n}}\n"
        )
    };
    let long = format!("\"{}\"", "item 77 of `train` is damaged\\n".repeat(20));
    let seeds = ["null", &long].map(|error| status(error).into_bytes());
    file("status", seeds.to_vec(), run.status(), JSON, move |_| {
        Status::read(&run).map(|_| ()).map_err(|error| error.to_string())
    })
}

fn claims(dir: &Path) -> Parser {
    let run = run(dir, "claim");
    let path = run.path().join("claim.json");
    let seed = "{\n  \"host\": \"node-7\",\n  \"boot\": \"5de87e26-7437-4d90-b4ca-f556c03a37c8\",\n  \
                \"namespace\": \"pid:[4026531836]\",\n  \"pid\": 4711,\n  \"started\": 1286672,\n  \
                \"time\": \"2026-11-24T22:50:51Z\",\n  \"token\": \"7afc819729817ca20e6b7096b90184b9\"\n}\n";
    let seed = seed.as_bytes().to_vec();
    file("claim", vec![seed], path, JSON, move |_| {
        claim::holder(&run).map(|_| ()).map_err(|error| error.to_string())
    })
}

fn requests(dir: &Path) -> Parser {
    let run = run(dir, "requests");
    fs::create_dir(run.requests()).unwrap();
    let set = Request::Set { knob: "beta".to_owned(), value: 4.5 };
    let seeds =
        [Request::Stop, Request::Save, set].map(|request| serde_json::to_vec(&request).unwrap());
    let path = run.requests().join("00000000000000000001-1-0.json");
    file("request", seeds.to_vec(), path, JSON, move |path| {
        let taken = request::take(&run).map(|_| ()).map_err(|error| error.to_string());
        assert!(!path.exists(), "a request is removed, understood or not");
        taken
    })
}

fn provenance(dir: &Path) -> Parser {
    let run = run(dir, "provenance");
    let seed = "workbench = \"0.1.0\"\nseed = \"3\"\nhost = \"node-7\"\nthreads = 2\n\n[plugin.dataset]\nname = \"idx\"\n\
                sha256 = \"00ff\"\n\n[knobs.beta]\nmin = 0.0\nmax = 10.0\n\n[data.files]\n\"a/b.gz\" = \"00ff\"\n\n\
                [group]\nname = \"digits\"\nseed = \"3\"\n";
    file("provenance", vec![seed.into()], run.provenance(), crate::texts::TOML, move |_| {
        match Group::of(&run) {
            Some(group) => {
                Group::to_table(&group).get("seed").map(|_| ()).ok_or_else(|| "no seed".to_owned())
            }
            None => Err("no group".to_owned()),
        }
    })
}
