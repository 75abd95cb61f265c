//! kill -9 at random instants, over and over, until the run has come to its end.

use std::time::{Duration, Instant};

use workbench_runs::{Request, RunDir};
use workbench_tests::{Ended, Run, Running, Signal, poll};

use crate::ending::Ending;
use crate::place::Place;
use crate::random::Random;
use crate::settings::Setting;
use crate::table::row;

/// Of a run without faults, an attempt lasts a third at most: so that many fall to a run, and all parts of it are hit.
const PART: u32 = 3;
/// After so many attempts that brought no new checkpoint, they may last longer: else a machine that has become slower
/// would never come to an end.
const FRUITLESS: u32 = 6;
/// One kill of so many is that of a paused trainer.
const PAUSED: u64 = 16;

/// Where kills have hit.
#[derive(Default)]
pub struct Hits {
    pub kills: usize,
    /// Before the trainer has opened its log.
    starting: usize,
    /// While a checkpoint was being written, or an older one removed.
    saving: usize,
    paused: usize,
    /// After records that no checkpoint stands for yet.
    ahead: usize,
}

/// What an undisturbed run has come to, and how long it took.
pub struct Undisturbed {
    pub ending: Ending,
    pub took: Duration,
}

/// Kills so many trainers, and compares every run that they were at with an undisturbed one.
///
/// # Panics
/// Where a run does not go on, or comes to another end; the table is printed before.
pub fn at_random_instants(place: &Place, settings: &[&Setting], kills: usize, seed: u64) {
    let mut random = Random::new(seed);
    let began = Instant::now();
    row(&[
        &"kill -9 at random instants",
        &"undisturbed",
        &"runs",
        &"kills",
        &"starting",
        &"saving",
        &"paused",
        &"ahead",
        &"held",
    ]);
    let (mut all, mut all_held, mut faults) = (0, 0, Vec::new());
    for (i, setting) in settings.iter().enumerate() {
        let expected = undisturbed(place, setting, &format!("undisturbed-{i}"));
        let mut left = kills * (i + 1) / settings.len() - kills * i / settings.len();
        let (mut hits, mut held, mut runs) = (Hits::default(), 0, 0);
        while left > 0 {
            runs += 1;
            let name = format!("killed-{i}-{runs}");
            let mut hit = Hits::default();
            let end =
                until_finished(place, setting, &name, &expected, &mut left, &mut random, &mut hit);
            match end {
                Ok(()) => held += hit.kills,
                Err(why) => faults.push(format!("{name} ({}), seed {seed}: {why}", setting.name)),
            }
            hits.add(&hit);
        }
        let Hits { kills, starting, saving, paused, ahead } = hits;
        let undisturbed = format!("{:.2} s", expected.took.as_secs_f64());
        row(&[
            &setting.name,
            &undisturbed,
            &runs,
            &kills,
            &starting,
            &saving,
            &paused,
            &ahead,
            &held,
        ]);
        (all, all_held) = (all + kills, all_held + held);
    }
    let took = format!("seed {seed}, {:.0} s", began.elapsed().as_secs_f64());
    row(&[&"all", &took, &"", &all, &"", &"", &"", &"", &all_held]);
    assert!(faults.is_empty(), "{} runs did not hold:\n{}", faults.len(), faults.join("\n"));
    assert_eq!((all, all_held), (kills, kills));
}

/// The same settings without a fault.
pub fn undisturbed(place: &Place, setting: &Setting, name: &str) -> Undisturbed {
    let began = Instant::now();
    place.start(name, setting).ended().ok();
    let took = began.elapsed();
    Undisturbed { ending: Ending::of(&place.run(name)), took }
}

/// Starts, kills and resumes until the run is finished; after the last kill that is left, without one.
///
/// # Errors
/// What did not hold, after a kill or at the end.
pub fn until_finished(
    place: &Place,
    setting: &Setting,
    name: &str,
    expected: &Undisturbed,
    left: &mut usize,
    random: &mut Random,
    hits: &mut Hits,
) -> Result<(), String> {
    let run = place.run(name);
    let mut longest = expected.took / PART;
    let mut fruitless = 0;
    let mut wrong = None;
    loop {
        let (logs, newest) = (logs(&run), run.checkpoints().pop());
        let running = place.start(name, setting);
        let (ended, paused) = match *left {
            0 => (running.ended(), false),
            _ if random.below(PAUSED) == 0 => kill_paused(&run, running, random),
            _ => {
                std::thread::sleep(random.within(longest));
                running.signal(Signal::KILL);
                (running.ended(), false)
            }
        };
        match ended.code() {
            Some(0) => break,
            Some(code) => return Err(format!("it ended with {code}: {}", ended.stderr)),
            None => *left -= 1,
        }
        hits.kills += 1;
        hits.paused += usize::from(paused);
        hits.starting += usize::from(!paused && logs == self::logs(&run));
        let aside = run.files("checkpoints").iter().any(|name| name.starts_with('.'));
        hits.saving += usize::from(aside);
        hits.ahead += usize::from(is_ahead(&run));
        wrong = wrong.or_else(|| expected.ending.wrong_on_the_way(&run));
        fruitless = if run.checkpoints().pop() == newest { fruitless + 1 } else { 0 };
        if fruitless == FRUITLESS {
            (longest, fruitless) = (longest * 2, 0);
        }
    }
    match wrong.or_else(|| expected.ending.difference(&Ending::of(&run))) {
        None => Ok(()),
        Some(why) => Err(why),
    }
}

/// Pauses the trainer as soon as it can be asked, and kills it a little later; it may come to its end before. Tells
/// whether it was paused.
fn kill_paused(run: &Run, mut running: Running, random: &mut Random) -> (Ended, bool) {
    let mut asked = false;
    let paused = poll("a pause", || {
        // In this order: what it did last is not to be missed.
        let is_over = !running.is_running();
        let status = run.status().filter(|status| status["pid"] == running.id());
        let state =
            status.map_or(String::new(), |status| status["state"].as_str().unwrap().to_owned());
        if state == "running" && !asked {
            let dir = RunDir::open(run.path()).expect("a run that trains is there");
            Request::Pause.post(&dir).expect("a request can be made");
            asked = true;
        }
        match state.as_str() {
            "paused" => Some(true),
            _ if is_over => Some(false),
            _ => None,
        }
    });
    if paused {
        std::thread::sleep(random.within(Duration::from_millis(20)));
        running.signal(Signal::KILL);
    }
    (running.ended(), paused)
}

fn logs(run: &Run) -> Vec<String> {
    let mut names = run.files("");
    names.retain(|name| name.contains("tfevents"));
    names
}

/// Whether records after its newest checkpoint are in the log.
fn is_ahead(run: &Run) -> bool {
    let newest = run.checkpoints().pop();
    let saved =
        newest.and_then(|name| name.strip_prefix("step-")?.parse::<u64>().ok()).unwrap_or(0);
    let mut reader = workbench_runs::LogReader::open(run.path());
    let mut last = 0;
    while let Ok(events) = reader.poll()
        && !events.is_empty()
    {
        for event in events {
            last = if event.session_start { event.step } else { event.step.max(last) };
        }
    }
    last > saved
}

impl Hits {
    fn add(&mut self, other: &Hits) {
        self.kills += other.kills;
        self.starting += other.starting;
        self.saving += other.saving;
        self.paused += other.paused;
        self.ahead += other.ahead;
    }
}
