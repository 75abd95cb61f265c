//! What a run with other settings goes on with, of another's checkpoint.

use std::collections::BTreeMap;

use workbench_engine::Session;
use workbench_experiment::Experiment;
use workbench_runs::{Checkpoint, Tensor, Tensors};

use crate::kept::Kept;
use crate::restore::tensors;
use crate::{Error, Plan};

/// How a fork differs from its parent, as far as the state of training goes.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    /// Knobs, and `lr`, that the fork was given a value or schedule for: it wins over what was set by request while the
    /// parent trained.
    pub given: Vec<String>,
    /// Whether the monitored value measures something else than in the parent, so that the two can't be compared.
    pub measures_anew: bool,
}

/// A checkpoint for the beginning of a fork.
#[derive(Debug)]
pub struct Forked {
    /// With nothing changed, it is the parent's to the bit.
    pub checkpoint: Checkpoint,
    /// The step of the parent's best value, where it holds for the fork.
    pub best: Option<u64>,
    /// What of the parent's state does not go on, in sentences.
    pub notes: Vec<String>,
}

/// Makes of a run's checkpoint that of a fork. Parameters must all be there, by name and shape, and nothing else. The
/// optimizer's state goes on where it fits, also from Adam to AdamW, which keep the same moments; the rest of it begins
/// at zero. Settings made by request go on, but where the fork was given its own; so do the best value and the epochs
/// without improvement, but where they measure something else.
///
/// # Errors
/// [`Error::Parameters`] tells every parameter that does not fit; [`Error::NothingLeft`] and [`Error::WornOut`] where
/// the fork would end at once; [`Error::Checkpoint`] where the checkpoint can't be understood.
pub fn fork(
    parent: Checkpoint,
    session: &Session,
    experiment: &Experiment,
    plan: &Plan,
    differences: &Differences,
) -> Result<Forked, Error> {
    let step = parent.step;
    let unfit = unfit(session, &parent.model);
    if !unfit.is_empty() {
        return Err(Error::Parameters { step, differences: unfit });
    }
    if step >= plan.total_steps {
        return Err(Error::NothingLeft { step, total: plan.total_steps });
    }
    let mut notes = Vec::new();
    let why = |why: String| Error::Checkpoint { step, why };
    let mut kept = Kept::from_table(&parent.state).map_err(why)?;
    let is_loss_another = settle(&mut kept, session, &differences.given, &mut notes);
    if differences.measures_anew || is_loss_another {
        if let Some(best) = kept.best.take() {
            notes.push(format!(
                "the best {} so far ({} at step {}) does not count: it measured something else",
                best.tag, best.value, best.step
            ));
        }
        kept.without_improvement = 0;
        kept.judged = None;
    }
    if let Some(patience) = experiment.train.patience
        && kept.without_improvement >= patience
    {
        return Err(Error::WornOut { step, epochs: kept.without_improvement, patience });
    }
    let optimizer = fitting(session, parent.optimizer, &parent.model, &mut notes)?;
    Ok(Forked {
        best: kept.best.as_ref().map(|best| best.step),
        checkpoint: Checkpoint { step, model: parent.model, optimizer, state: kept.to_table() },
        notes,
    })
}

/// Every difference between a checkpoint's parameters and those of the session's graph.
fn unfit(session: &Session, model: &Tensors) -> Vec<String> {
    let wanted: BTreeMap<&str, &[usize]> = session
        .graph()
        .params()
        .iter()
        .map(|param| (param.name.as_str(), param.shape.as_slice()))
        .collect();
    let missing = wanted.iter().filter_map(|(name, shape)| match model.get(*name) {
        None => Some(format!("`{name}` {shape:?} is not in the checkpoint")),
        Some(tensor) if tensor.shape != *shape => {
            Some(format!("`{name}` is {:?} in the checkpoint, and now {shape:?}", tensor.shape))
        }
        Some(_) => None,
    });
    let surplus = model.iter().filter(|(name, _)| !wanted.contains_key(name.as_str()));
    let surplus = surplus.map(|(name, tensor)| {
        format!("`{name}` {:?} is in the checkpoint, and the architecture has it not", tensor.shape)
    });
    missing.chain(surplus).collect()
}

/// Drops what was set by request and does not hold for the fork; true where the loss is another without it.
fn settle(kept: &mut Kept, session: &Session, given: &[String], notes: &mut Vec<String>) -> bool {
    let mut is_loss_another = false;
    kept.set.retain(|name, value| {
        if given.contains(name) {
            notes.push(format!("{name} = {value}, set in the parent, gives way to the setting"));
            is_loss_another |= name != "lr";
            return false;
        }
        if name == "lr" {
            return true;
        }
        let declared = session.graph().knobs().iter().find(|knob| knob.name == *name);
        let fits = declared.is_some_and(|knob| (knob.min..=knob.max).contains(value));
        if !fits {
            notes
                .push(format!("{name} = {value}, set in the parent, is none of this architecture"));
            is_loss_another = true;
        }
        fits
    });
    is_loss_another
}

/// The moments that the optimizer needs: those that fit, and zeros; the average of the weights, and the weights where there
/// is none yet.
fn fitting(
    session: &Session,
    mut parent: Tensors,
    model: &Tensors,
    notes: &mut Vec<String>,
) -> Result<Tensors, Error> {
    // Of a session that has not trained: zeros.
    let fresh = tensors(session.optimizer_state()?);
    let (mut anew, mut averaged_anew) = (Vec::new(), Vec::new());
    let mut fit = |(name, zero): (String, Tensor)| match parent.remove(&name) {
        Some(moment) if moment.shape == zero.shape => (name, moment),
        _ => match name.strip_suffix(AVERAGE).and_then(|param| model.get(param)) {
            Some(weights) => {
                averaged_anew.push(format!("`{name}`"));
                (name, weights.clone())
            }
            None => {
                anew.push(format!("`{name}`"));
                (name, zero)
            }
        },
    };
    let fitting: Tensors = fresh.into_iter().map(&mut fit).collect();
    if !anew.is_empty() {
        notes.push(format!("the optimizer's state begins anew: {}", anew.join(", ")));
    }
    let averages = fitting.keys().filter(|name| name.ends_with(AVERAGE)).count();
    match averaged_anew.len() {
        0 => {}
        all if all == averages => notes.push(
            "the average of the weights (train.ema) begins with the parent's weights".to_owned(),
        ),
        _ => notes.push(format!(
            "the average of the weights (train.ema) begins with the weights: {}",
            averaged_anew.join(", ")
        )),
    }
    if averages == 0 && parent.keys().any(|name| name.ends_with(AVERAGE)) {
        notes.push(
            "the parent's average of the weights (train.ema) is dropped: the weights go on"
                .to_owned(),
        );
    }
    Ok(fitting)
}

/// Ends the name of a parameter's average in the optimizer's state.
const AVERAGE: &str = ".ema";

#[cfg(test)]
mod tests {
    use workbench_engine::{DeviceKind, OptimizerConfig};
    use workbench_graph::{
        Binary, DType, Graph, Init, InputSpec, Knob, Location, MarkKind, Op, Reduction, Shape,
    };
    use workbench_runs::Best;

    use super::*;

    /// loss = beta · Σ x w, with w of two numbers.
    fn session() -> Session {
        averaging(0.0)
    }

    /// Likewise, with an average of the weights.
    fn averaging(ema: f64) -> Session {
        let (mut g, at) = (Graph::new(), Location::default);
        let spec = InputSpec { name: "x".into(), shape: Shape::batched(&[2]), dtype: DType::F32 };
        let x = g.input(&spec, at());
        let w = g.param("w", &[2], Init::Constant(1.0), "", at()).unwrap();
        let product = g.add(Op::Binary(Binary::Mul), &[x, w], None, at()).unwrap();
        let sum = Op::Reduce { reduction: Reduction::Sum, axes: vec![1], keepdim: false };
        let sum = g.add(sum, &[product], None, at()).unwrap();
        let about = String::new();
        let knob = Knob { name: "beta".into(), default: 1.0, min: 0.0, max: 10.0, about };
        let beta = g.knob(&knob, at());
        let loss = g.add(Op::Binary(Binary::Mul), &[beta, sum], None, at()).unwrap();
        g.mark(MarkKind::Loss { group: String::new() }, "loss", loss, at()).unwrap();
        let config = OptimizerConfig { ema, ..OptimizerConfig::default() };
        Session::new(g, DeviceKind::Cpu, 0, config).unwrap()
    }

    fn kept(set: &[(&str, f64)]) -> Kept {
        Kept {
            set: set.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            best: Some(Best { tag: "valid/loss".into(), step: 10, value: 1.5 }),
            without_improvement: 2,
            judged: None,
        }
    }

    fn parent(kept: &Kept) -> Checkpoint {
        let two = |a, b| Tensor::f32([2], vec![a, b]);
        Checkpoint {
            step: 20,
            model: [("w".to_owned(), two(3.0, 4.0))].into(),
            optimizer: [("w.m".to_owned(), two(0.1, 0.2)), ("w.v".to_owned(), two(0.3, 0.4))]
                .into(),
            state: kept.to_table(),
        }
    }

    fn forked(
        parent: &Checkpoint,
        settings: &str,
        given: &[&str],
        measures_anew: bool,
    ) -> Result<Forked, Error> {
        forked_into(&session(), parent, settings, given, measures_anew)
    }

    fn forked_into(
        session: &Session,
        parent: &Checkpoint,
        settings: &str,
        given: &[&str],
        measures_anew: bool,
    ) -> Result<Forked, Error> {
        let text = format!("[dataset]\nplugin='a'\n[architecture]\nplugin='b'\n{settings}");
        let experiment = Experiment::parse("test.toml", &text, &[]).unwrap();
        let plan = Plan::new(&experiment, 1280, 128, 128).unwrap();
        let given = given.iter().map(|&name| name.to_owned()).collect();
        let differences = Differences { given, measures_anew };
        fork(parent.clone(), session, &experiment, &plan, &differences)
    }

    fn state(forked: &Forked) -> Kept {
        Kept::from_table(&forked.checkpoint.state).unwrap()
    }

    #[test]
    fn with_nothing_changed_the_checkpoint_is_the_parents() {
        let parent = parent(&kept(&[("beta", 2.0), ("lr", 1e-4)]));
        let forked = forked(&parent, "", &[], false).unwrap();
        assert_eq!(forked.checkpoint, parent);
        assert_eq!((forked.best, forked.notes.len()), (Some(10), 0));
    }

    #[test]
    fn a_setting_wins_over_what_was_set_by_request() {
        let parent = parent(&kept(&[("beta", 2.0), ("lr", 1e-4)]));
        let with_lr = forked(&parent, "", &["lr"], false).unwrap();
        assert_eq!(state(&with_lr), kept(&[("beta", 2.0)]), "the best value still holds");
        assert!(with_lr.notes[0].contains("lr = 0.0001"), "{:?}", with_lr.notes);
        let with_beta = forked(&parent, "", &["beta"], false).unwrap();
        let expected = Kept { best: None, without_improvement: 0, ..kept(&[("lr", 1e-4)]) };
        assert_eq!(state(&with_beta), expected, "another beta, another loss");
        assert_eq!(with_beta.best, None);
    }

    #[test]
    fn what_the_architecture_can_not_be_set_to_is_dropped() {
        let parent = parent(&kept(&[("beta", 20.0), ("gamma", 1.0)]));
        let forked = forked(&parent, "", &[], false).unwrap();
        assert!(state(&forked).set.is_empty());
        assert_eq!(forked.notes.len(), 3, "{:?}", forked.notes);
    }

    #[test]
    fn the_best_value_does_not_hold_for_another_measure() {
        let forked = forked(&parent(&kept(&[])), "", &[], true).unwrap();
        assert_eq!((state(&forked).best, state(&forked).without_improvement), (None, 0));
        assert!(forked.notes[0].contains("valid/loss"), "{:?}", forked.notes);
    }

    #[test]
    fn every_parameter_that_does_not_fit_is_told() {
        let mut parent = parent(&kept(&[]));
        parent.model.insert("v".into(), Tensor::f32([3], vec![0.0; 3]));
        parent.model.insert("w".into(), Tensor::f32([1, 2], vec![0.0; 2]));
        let error = forked(&parent, "", &[], false).unwrap_err();
        let Error::Parameters { step: 20, differences } = &error else { panic!("{error}") };
        assert_eq!(
            differences[..],
            [
                "`w` is [1, 2] in the checkpoint, and now [2]",
                "`v` [3] is in the checkpoint, and the architecture has it not"
            ]
        );
        parent.model.clear();
        let error = forked(&parent, "", &[], false).unwrap_err().to_string();
        assert!(error.contains("`w` [2] is not in the checkpoint"), "{error}");
        let many = (0..20).map(|i| (format!("x{i}"), Tensor::f32([1], vec![0.0])));
        parent.model.extend(many);
        let error = forked(&parent, "", &[], false).unwrap_err().to_string();
        assert!(error.contains("and 9 more") && error.lines().count() < 20, "{error}");
    }

    #[test]
    fn moments_that_do_not_fit_begin_at_zero() {
        let mut parent = parent(&kept(&[]));
        parent.optimizer.remove("w.m");
        parent.optimizer.insert("other.m".into(), Tensor::f32([1], vec![1.0]));
        let forked = forked(&parent, "", &[], false).unwrap();
        let expected: Tensors = [
            ("w.m".to_owned(), Tensor::f32([2], vec![0.0; 2])),
            ("w.v".to_owned(), Tensor::f32([2], vec![0.3, 0.4])),
        ]
        .into();
        assert_eq!(forked.checkpoint.optimizer, expected);
        assert!(forked.notes[0].contains("`w.m`"), "{:?}", forked.notes);
    }

    #[test]
    fn an_average_goes_on_or_begins_with_the_weights_or_is_dropped() {
        let mut parent = parent(&kept(&[]));
        let averaging = averaging(0.9);
        let fresh = forked_into(&averaging, &parent, "", &[], false).unwrap();
        assert_eq!(fresh.checkpoint.optimizer["w.ema"], parent.model["w"]);
        assert_eq!(fresh.checkpoint.optimizer["w.m"], parent.optimizer["w.m"]);
        assert!(fresh.notes[0].contains("begins with the parent's weights"), "{:?}", fresh.notes);

        parent.optimizer.insert("w.ema".into(), Tensor::f32([2], vec![2.5, 3.5]));
        let same = forked_into(&averaging, &parent, "", &[], false).unwrap();
        assert_eq!((&same.checkpoint, same.notes.len()), (&parent, 0));
        let without = forked(&parent, "", &[], false).unwrap();
        assert!(!without.checkpoint.optimizer.contains_key("w.ema"));
        assert!(without.notes[0].contains("dropped"), "{:?}", without.notes);
    }

    #[test]
    fn what_would_end_at_once_is_refused() {
        let parent = parent(&kept(&[]));
        // Ten steps an epoch.
        let error = forked(&parent, "[train]\nepochs=2", &[], false).unwrap_err();
        assert!(matches!(error, Error::NothingLeft { step: 20, total: 20 }), "{error}");
        forked(&parent, "[train]\nepochs=3", &[], false).unwrap();
        let error = forked(&parent, "[train]\npatience=2", &[], false).unwrap_err();
        assert!(matches!(error, Error::WornOut { epochs: 2, patience: 2, .. }), "{error}");
        forked(&parent, "[train]\npatience=2", &[], true).unwrap();
    }
}
