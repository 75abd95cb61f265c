//! Whole runs on a small data set made here, with a graph recorded by hand.

mod storage;
mod streaming;
mod trial;

use std::sync::Arc;

use workbench_engine::{DeviceKind, Input, OptimizerConfig, Session};
use workbench_runs::{Request, State, Status, checkpoint};
use workbench_trainer::{Error, Media, Outcome, Plan, Split, Splits, Transform, attribute_of};

use trial::{Ask, Nobody, Rows, Trial, experiment, graph};

#[test]
fn a_run_learns_and_leaves_everything_behind() {
    let trial =
        Trial::new("epochs = 30\nvalidation = 0.2\noptimizer = { kind = 'adam', lr = 1e-2 }");
    assert_eq!(trial.run(&mut Nobody).unwrap(), Outcome::Finished);
    let status = Status::read(&trial.run_dir()).unwrap().unwrap();
    assert_eq!((status.state, status.step, status.steps_total), (State::Finished, 150, 150));
    let history = trial.history();
    let loss = &history.scalars["train/loss"];
    assert_eq!(loss.len(), 150);
    assert!(loss.values[149] < 0.8 * loss.values[0], "{:?}", loss.values);
    assert_eq!(history.scalars["valid/elbo"].len(), 30);
    assert_eq!(history.scalars["test/elbo"].len(), 1);
    let part = |tag: &str| f64::from(history.scalars[tag].values[0]);
    assert!((part("test/elbo") + part("test/recon") + part("test/kl")).abs() < 1e-3);
    assert_eq!(
        history.images.keys().collect::<Vec<_>>(),
        ["images/reconstructions", "images/samples"]
    );
    // Measured once, in the epoch that the twentieth step ends before.
    let [(25, table)] = &history.texts["time/layers"][..] else { panic!("{:?}", history.texts) };
    assert!(table.contains(" ms") && table.contains("GFLOP/s"), "{table}");
    assert!(checkpoint::list(&trial.run_dir()).unwrap().len() <= 4);
    assert_eq!(trial.newest().step, 150);
}

#[test]
fn a_stopped_run_goes_on_as_if_it_had_not_stopped() {
    let settings = "epochs = 6\nvalidation = 0.2\noptimizer = { kind = 'adam', lr = { kind = 'linear', from = 1e-2, to = 1e-3 } }\n\
                    [input]\nbinarize = 'dynamic'\n[checkpoint]\nevery_steps = 4";
    let (whole, broken) = (Trial::new(settings), Trial::new(settings));
    whole.run(&mut Nobody).unwrap();
    // In the middle of the third epoch of five steps, and not where a checkpoint is due.
    let mut ask = Ask::new(&broken, vec![(13, Request::Stop)]);
    assert_eq!(broken.run(&mut ask).unwrap(), Outcome::Stopped);
    assert_eq!(broken.newest().step, 13);
    assert_eq!(broken.run(&mut Nobody).unwrap(), Outcome::Finished);
    assert_eq!(whole.newest(), broken.newest());
    assert_eq!(whole.records(), broken.records());
}

#[test]
fn an_average_of_the_weights_goes_on_as_if_the_run_had_not_stopped() {
    let with = |ema: &str| {
        Trial::new(&format!(
            "epochs = 6\nvalidation = 0.2\n{ema}\noptimizer = {{ kind = 'adam', lr = 1e-2 }}\n[checkpoint]\nevery_steps = 4"
        ))
    };
    let (whole, broken, raw) = (with("ema = 0.98"), with("ema = 0.98"), with(""));
    whole.run(&mut Nobody).unwrap();
    raw.run(&mut Nobody).unwrap();
    let mut ask = Ask::new(&broken, vec![(13, Request::Stop)]);
    assert_eq!(broken.run(&mut ask).unwrap(), Outcome::Stopped);
    assert_eq!(broken.run(&mut Nobody).unwrap(), Outcome::Finished);
    assert_eq!(whole.newest(), broken.newest());
    assert_eq!(whole.records(), broken.records());
    // What is trained is the same, and what is measured is not.
    assert_eq!(whole.newest().model, raw.newest().model);
    let (averaged, plain) = (whole.records(), raw.records());
    assert_eq!(averaged["train/loss"], plain["train/loss"]);
    assert_ne!(averaged["valid/loss"], plain["valid/loss"]);
    assert_ne!(averaged["test/loss"], plain["test/loss"]);
}

#[test]
fn figures_show_the_same_items_each_time_with_the_groups_in_turn() {
    let experiment = experiment("validation = 0.4");
    let splits = Splits::load(&experiment, Arc::new(Rows::new()), &|_, _| {}).unwrap();
    let session = Session::new(graph(), DeviceKind::Cpu, 3, OptimizerConfig::default()).unwrap();
    let fixed = Transform::fixed(&experiment);
    let made = || Media::make(&session, &splits.valid, &[], fixed, None, None).unwrap();
    let inputs = made().reconstructions.unwrap().inputs;
    assert_eq!(inputs, made().reconstructions.unwrap().inputs);
    // The bright row is the group: of what is known, each of the four comes once in four.
    let rows: Vec<usize> = inputs
        .data
        .chunks(16)
        .map(|item| (0..4).max_by(|&a, &b| item[a * 4].total_cmp(&item[b * 4])).unwrap())
        .collect();
    assert_eq!(rows.len(), 30);
    assert_eq!(rows[..4], [0, 1, 2, 3], "{rows:?}");
    for row in 0..4 {
        let n = rows.iter().filter(|&&other| other == row).count();
        assert!((5..=10).contains(&n), "{n} of row {row}: {rows:?}");
    }
    let first = splits.valid.batch(&(0..30).collect::<Vec<u32>>(), fixed).unwrap();
    let Input::F32(first) = &first.inputs["x"] else { panic!("x is f32") };
    assert_ne!(first.data, inputs.data, "not the first ones");
}

#[test]
fn a_run_that_lost_its_last_steps_takes_them_again() {
    let settings = "steps = 23\nvalidation = 0.2\n[checkpoint]\nevery_steps = 4\nkeep = 9";
    let (whole, broken) = (Trial::new(settings), Trial::new(settings));
    whole.run(&mut Nobody).unwrap();
    broken.run(&mut Nobody).unwrap();
    // As a kill between two checkpoints leaves it: a log that is ahead of the newest checkpoint.
    for last in [8, 0] {
        for (step, path) in checkpoint::list(&broken.run_dir()).unwrap() {
            if step > last {
                std::fs::remove_dir_all(path).unwrap();
            }
        }
        broken.run(&mut Nobody).unwrap();
        assert_eq!(whole.newest(), broken.newest());
        assert_eq!(whole.records(), broken.records());
    }
}

#[test]
fn a_run_that_is_killed_at_its_end_does_not_judge_it_twice() {
    let settings = "steps = 23\nvalidation = 0.2";
    let (whole, broken) = (Trial::new(settings), Trial::new(settings));
    whole.run(&mut Nobody).unwrap();
    broken.run(&mut Nobody).unwrap();
    // The last state is saved, and the run begins anew from there.
    broken.run(&mut Nobody).unwrap();
    assert_eq!(whole.newest(), broken.newest());
    assert_eq!(whole.records(), broken.records());
}

#[test]
fn what_is_set_after_a_save_of_the_same_step_is_kept() {
    let trial = Trial::new("epochs = 4\nvalidation = 0.2");
    let set = Request::Set { knob: "beta".into(), value: 3.0 };
    let mut ask = Ask::new(&trial, vec![(7, Request::Save), (7, set), (7, Request::Stop)]);
    assert_eq!(trial.run(&mut ask).unwrap(), Outcome::Stopped);
    assert_eq!(trial.run(&mut Nobody).unwrap(), Outcome::Finished);
    let history = trial.history();
    let beta = &history.scalars["knob/beta"].values;
    assert_eq!((beta[6], beta[7], beta[19]), (1.0, 3.0, 3.0));
}

#[test]
fn requests_are_obeyed_between_steps_and_told() {
    let trial = Trial::new("epochs = 4\nvalidation = 0.2");
    let set = |knob: &str, value| Request::Set { knob: knob.into(), value };
    let at = vec![
        (2, set("beta", 4.0)),
        (4, set("beta", 11.0)),
        (6, set("gamma", 1.0)),
        (8, set("lr", 1e-4)),
        (10, Request::Pause),
        (10, Request::Continue),
        (12, Request::Save),
    ];
    let mut ask = Ask::new(&trial, at);
    trial.run(&mut ask).unwrap();
    let told: Vec<&str> = ask.story.iter().map(|(_, told)| told.as_str()).collect();
    // Of step 12, whenever it is told.
    let told: Vec<&str> = told.iter().map(|told| told.trim_end_matches(" step 12")).collect();
    assert_eq!(
        told,
        [
            "beta = 4 (was 1)",
            "beta was not set: 11 is not from 0 to 10",
            "gamma was not set: the architecture has no such knob",
            "lr = 0.0001 (was 0.001)",
            "paused",
            "continued",
            "saved",
        ]
    );
    let history = trial.history();
    let beta = &history.scalars["knob/beta"];
    assert_eq!((beta.values[0], beta.values[19]), (1.0, 4.0));
    assert!(history.texts["control"].iter().any(|(_, text)| text == "paused; continued"));
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_good_state() {
    let trial = Trial::new(
        "epochs = 4\nvalidation = 0.2\noptimizer = { kind = 'adam', lr = { kind = 'step', from = 1e-3, factor = 1e30, at = [7] } }",
    );
    assert_eq!(trial.run(&mut Nobody).unwrap(), Outcome::Diverged);
    let status = Status::read(&trial.run_dir()).unwrap().unwrap();
    assert_eq!(status.state, State::Diverged);
    assert!(status.error.unwrap().contains("not finite"));
    let kept = trial.newest();
    assert_eq!(kept.step, 5);
    let finite = |tensor: &workbench_runs::Tensor| match &tensor.data {
        workbench_runs::Data::F32(data) => data.iter().all(|x| x.is_finite()),
        workbench_runs::Data::I64(_) => true,
    };
    assert!(kept.model.values().all(finite));
}

#[test]
fn a_state_that_no_step_has_met_yet_is_not_kept_either() {
    // The last step of an epoch, and of the run, moves the parameters out of reach: validation notices.
    for (epochs, validation) in [(4, "valid/loss"), (1, "valid/loss")] {
        let trial = Trial::new(&format!(
            "epochs = {epochs}\nvalidation = 0.2\noptimizer = {{ kind = 'adam', lr = {{ kind = 'step', from = 1e-3, factor = 1e30, at = [4] }} }}",
        ));
        assert_eq!(trial.run(&mut Nobody).unwrap(), Outcome::Diverged);
        let status = Status::read(&trial.run_dir()).unwrap().unwrap();
        let error = status.error.unwrap();
        assert!(error.contains(&format!("`{validation}` is not finite at step 5")), "{error}");
        assert!(error.contains("the first value that is not finite is that of `"), "{error}");
        assert!(checkpoint::list(&trial.run_dir()).unwrap().is_empty());
    }
    // Parameters that are infinite themselves, and a save before a step meets them.
    let trial = Trial::new("epochs = 4\nvalidation = 0.2");
    let lr = Request::Set { knob: "lr".into(), value: 1e300 };
    let mut ask = Ask::new(&trial, vec![(2, lr), (3, Request::Save)]);
    assert_eq!(trial.run(&mut ask).unwrap(), Outcome::Diverged);
    let error = Status::read(&trial.run_dir()).unwrap().unwrap().error.unwrap();
    assert!(error.contains("is not finite after step 3"), "{error}");
    assert!(checkpoint::list(&trial.run_dir()).unwrap().is_empty());
}

#[test]
fn a_bad_item_stops_the_run_or_is_left_out() {
    let mut trial = Trial::new("epochs = 1\nvalidation = 0.2");
    trial.source.bad = Some(37);
    let error = trial.run(&mut Nobody).unwrap_err().to_string();
    assert!(error.starts_with("item 37 of `train`: a pixel is NaN or infinite"), "{error}");

    let mut trial = Trial::new("epochs = 1\nvalidation = 0.2\n[input]\non_bad_item = 'skip'");
    trial.source.bad = Some(37);
    let mut ask = Ask::new(&trial, vec![]);
    trial.run(&mut ask).unwrap();
    assert!(ask.story[0].1.starts_with("skipped item 37 of `train`"), "{:?}", ask.story);
    let splits =
        Splits::load(&trial.experiment, Arc::new(trial.source.clone()), &|_, _| {}).unwrap();
    assert_eq!(splits.train.len() + splits.valid.len(), 99);
    let run = trial.run_dir();
    assert_eq!(Status::read(&run).unwrap().unwrap().skipped, 1);
}

#[test]
fn patience_ends_a_run_that_does_not_improve() {
    let trial = Trial::new(
        "epochs = 50\nvalidation = 0.2\npatience = 2\noptimizer = { kind = 'adam', lr = { kind = 'step', from = 1e-2, factor = 1e-12, at = [20] } }",
    );
    let mut ask = Ask::new(&trial, vec![]);
    assert_eq!(trial.run(&mut ask).unwrap(), Outcome::Finished);
    let (step, message) = ask.story.last().unwrap();
    assert!(*step < 100, "{step}");
    assert_eq!(message, "stopped early: valid/loss has not improved for 2 epochs");
}

#[test]
fn binarization_is_the_same_at_every_visit_or_at_none() {
    let pixels = |settings: &str, epoch: u64| {
        let experiment =
            experiment(&format!("epochs = 4\nvalidation = 0.2\n[input]\nbinarize = '{settings}'"));
        let splits = Splits::load(&experiment, Arc::new(Rows::new()), &|_, _| {}).unwrap();
        let batch =
            splits.train.batch(&[0, 5, 9], Transform::training(&experiment, epoch)).unwrap();
        match &batch.inputs["x"] {
            workbench_engine::Input::F32(array) => array.data.clone(),
            other => panic!("{other:?}"),
        }
    };
    let binary = |pixels: &[f32]| pixels.iter().all(|&x| x == 0.0 || x == 1.0);
    assert!(!binary(&pixels("none", 0)));
    assert!(binary(&pixels("static", 0)));
    assert_eq!(pixels("static", 0), pixels("static", 1));
    assert!(binary(&pixels("dynamic", 0)));
    assert_ne!(pixels("dynamic", 0), pixels("dynamic", 1));
}

#[test]
fn attributes_and_captions_stay_with_their_items() {
    let settings = "epochs = 4\nvalidation = 0.2\n[input]\non_bad_item = 'skip'";
    let experiment = experiment(settings);
    let splits = Splits::load(&experiment, Arc::new(Rows::with_bad(37)), &|_, _| {}).unwrap();
    assert_eq!((splits.train.len(), splits.valid.len()), (79, 20));
    for split in [&splits.train, &splits.valid, &splits.test] {
        let places: Vec<u32> = (0..split.len() as u32).rev().collect();
        let batch = split.batch(&places, Transform::fixed(&experiment)).unwrap();
        let floats = |name: &str| match &batch.inputs[name] {
            workbench_engine::Input::F32(array) => array.data.clone(),
            other => panic!("{other:?}"),
        };
        let ints = |name: &str| match &batch.inputs[name] {
            workbench_engine::Input::I64 { data, .. } => data.clone(),
            other => panic!("{other:?}"),
        };
        let (x, known) = (floats("x"), floats("known:row"));
        let (rows, bright, captions) =
            (ints("attribute:row"), floats("attribute:bright"), ints("caption"));
        assert!(known.contains(&0.0) && known.contains(&1.0));
        for (i, picture) in x.chunks_exact(16).enumerate() {
            let at = picture.iter().position(|&pixel| pixel > 0.5).unwrap();
            let seen = (at / 4) as i64;
            assert_eq!(captions[3 * i..3 * i + 3], [97 + seen, 33, 0]);
            let (row, light) = if known[i] == 1.0 { (seen, picture[at]) } else { (-1, 0.8) };
            assert_eq!((rows[i], bright[i]), (row, light));
        }
        let values = split.attributes().iter().map(|attribute| attribute_of(&batch, attribute));
        let values: Vec<Vec<f32>> = values.collect();
        for i in 0..rows.len() {
            match known[i] == 1.0 {
                true => assert_eq!((values[0][i], values[1][i]), (rows[i] as f32, bright[i])),
                false => assert!(values[0][i].is_nan() && values[1][i].is_nan()),
            }
        }
    }
}

#[test]
fn an_item_read_alone_is_the_one_of_the_whole_split() {
    let settings = "epochs = 4\nvalidation = 0.2\n[input]\nbinarize = 'static'";
    let experiment = experiment(settings);
    let source = Rows::new();
    let splits = Splits::load(&experiment, Arc::new(source.clone()), &|_, _| {}).unwrap();
    let fixed = Transform::fixed(&experiment);
    let alone = Split::of_items(&source, "test", &[3]).unwrap();
    assert_eq!(alone.len(), 1);
    let batch = |split: &Split, place| split.batch(&[place], fixed).unwrap();
    assert_eq!(batch(&alone, 0), batch(&splits.test, 3));
    let bad = Split::of_items(&Rows::with_bad(37), "train", &[37]).err().unwrap().to_string();
    assert!(bad.starts_with("item 37 of `train`"), "{bad}");
}

#[test]
fn a_plan_refuses_what_can_not_be() {
    let plan = |settings: &str| Plan::of(&experiment(settings), &Rows::new());
    let good = plan("epochs = 3\nvalidation = 0.2").unwrap();
    assert_eq!(
        (good.train_items, good.valid_items, good.steps_per_epoch, good.total_steps),
        (80, 20, 5, 15)
    );
    assert!(matches!(plan("validation = 0.99"), Err(Error::BatchTooLarge { batch: 16, items: 1 })));
    assert!(matches!(
        plan("validation = 0.001"),
        Err(Error::Validation { what: "validate on", .. })
    ));
}
