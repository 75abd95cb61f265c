use super::*;
use crate::tensors::Tensor;

fn run(dir: &tempfile::TempDir) -> RunDir {
    RunDir::create(dir.path(), "run").unwrap()
}

fn at(step: u64) -> Checkpoint {
    let x = step as f32 + 0.1;
    Checkpoint {
        step,
        model: Tensors::from([("w".into(), Tensor::f32([2], vec![x, -x]))]),
        optimizer: Tensors::from([
            ("w.m".into(), Tensor::f32([2], vec![x * 0.5, 0.0])),
            ("t".into(), Tensor::i64([], vec![step as i64])),
        ]),
        state: toml::toml! { epoch = 3
        best = 0.1 },
    }
}

fn steps(run: &RunDir) -> Vec<u64> {
    list(run).unwrap().into_iter().map(|(step, _)| step).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_checkpoint_round_trips_and_equal_states_are_equal_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    assert!(load_newest(&run).unwrap().is_none());
    let path = save(&run, &at(1234)).unwrap();
    assert_eq!(path, run.checkpoints().join("step-00001234"));
    assert_eq!(load(&path).unwrap(), at(1234));
    let files = [MANIFEST, MODEL, OPTIMIZER, STATE];
    assert_eq!(names(&path), files);
    let before: Vec<_> = files.iter().map(|name| fs::read(path.join(name)).unwrap()).collect();
    save(&run, &at(1234)).unwrap();
    let after: Vec<_> = files.iter().map(|name| fs::read(path.join(name)).unwrap()).collect();
    assert_eq!(before, after);
}

#[test]
fn one_of_the_same_step_is_replaced_and_leftovers_are_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    save(&run, &at(5)).unwrap();
    let leftover = run.checkpoints().join(".aside-crashed");
    fs::create_dir(&leftover).unwrap();
    fs::write(leftover.join(MODEL), "half").unwrap();
    assert_eq!(steps(&run), [5]);
    let mut other = at(5);
    other.state.insert("epoch".into(), 9.into());
    let path = save(&run, &other).unwrap();
    assert_eq!(load(&path).unwrap(), other);
    assert_eq!(names(&run.checkpoints()), ["step-00000005"]);
}

#[test]
fn one_that_was_moved_away_when_the_crash_came_still_counts() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let path = save(&run, &at(5)).unwrap();
    fs::rename(&path, with_suffix(&path, REPLACED)).unwrap();
    let (checkpoint, damaged) = load_newest(&run).unwrap().unwrap();
    assert_eq!(checkpoint, at(5));
    assert!(damaged.is_empty());
    save(&run, &at(5)).unwrap();
    assert_eq!(list(&run).unwrap(), [(5, path)]);
}

#[test]
fn where_the_newest_are_damaged_the_one_before_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for step in [10, 20, 30, 40] {
        save(&run, &at(step)).unwrap();
    }
    let file = |step, name: &str| run.checkpoints().join(step_name::of(step)).join(name);
    let mut bytes = fs::read(file(40, MODEL)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file(40, MODEL), bytes).unwrap();
    fs::remove_file(file(30, OPTIMIZER)).unwrap();
    let (checkpoint, damaged) = load_newest(&run).unwrap().unwrap();
    assert_eq!(checkpoint, at(20));
    let paths: Vec<PathBuf> = damaged
        .iter()
        .map(|error| match error {
            Error::Damaged { path, .. } => path.clone(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(paths, [file(40, MODEL), file(30, OPTIMIZER)]);

    fs::write(file(20, STATE), "epoch = 4\nbest = 0.1\n").unwrap();
    fs::write(file(10, MANIFEST), "{}").unwrap();
    let error = load_newest(&run).unwrap_err();
    assert!(matches!(&error, Error::NoGoodCheckpoint { count: 4, .. }), "{error}");
    assert!(error.to_string().contains("model.safetensors is damaged"), "{error}");
}

#[test]
fn a_flipped_bit_of_any_byte_is_noticed_and_none_panics() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let path = save(&run, &at(7)).unwrap();
    for name in [MODEL, OPTIMIZER, STATE, MANIFEST] {
        let whole = fs::read(path.join(name)).unwrap();
        for byte in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[byte] ^= 1 << (byte % 8);
            fs::write(path.join(name), &bytes).unwrap();
            match load(&path) {
                // White space of the manifest carries nothing.
                Ok(checkpoint) => assert!(name == MANIFEST && checkpoint == at(7), "{name} {byte}"),
                Err(Error::Damaged { path: file, .. }) => assert!(file.starts_with(&path)),
                Err(other) => panic!("{name} {byte}: {other}"),
            }
        }
        fs::write(path.join(name), &whole).unwrap();
    }
    assert_eq!(load(&path).unwrap(), at(7));
}

#[test]
fn pruning_keeps_the_newest_and_the_best() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for step in 1..=6 {
        save(&run, &at(step)).unwrap();
    }
    assert_eq!(prune(&run, 3, Some(2)).unwrap(), [1, 3]);
    assert_eq!(steps(&run), [2, 4, 5, 6]);
    assert!(prune(&run, 3, Some(2)).unwrap().is_empty());
    assert_eq!(prune(&run, 0, None).unwrap(), [2, 4, 5]);
    assert_eq!(names(&run.checkpoints()), ["step-00000006"]);
}

#[test]
fn pruning_does_not_count_what_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for step in 1..=3 {
        save(&run, &at(step)).unwrap();
    }
    let cut = |step| {
        let model = run.checkpoints().join(step_name::of(step)).join(MODEL);
        File::options().write(true).open(model).unwrap().set_len(3).unwrap();
    };
    cut(3);
    assert_eq!(prune(&run, 1, None).unwrap(), [1]);
    cut(2);
    assert!(prune(&run, 1, None).unwrap().is_empty());
    assert_eq!(steps(&run), [2, 3]);
}

#[test]
fn a_failed_save_is_a_typed_error_and_leaves_the_others_alone() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    save(&run, &at(1)).unwrap();
    let mut wrong = at(2);
    wrong.optimizer.insert("v".into(), Tensor::f32([3], vec![]));
    let error = save(&run, &wrong).unwrap_err();
    assert!(error.to_string().contains("optimizer.safetensors"), "{error}");
    assert_eq!(names(&run.checkpoints()), ["step-00000001"]);
    fs::remove_dir_all(run.checkpoints()).unwrap();
    fs::write(run.checkpoints(), "a file").unwrap();
    assert!(matches!(save(&run, &at(1)), Err(Error::Io { .. })));
}
