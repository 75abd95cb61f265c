//! kill -9 while a fork is being made, and while it trains.

use std::time::Instant;

use workbench_tests::{Signal, Workbench, poll};

use crate::ending::Ending;
use crate::kills::{Hits, Undisturbed, undisturbed, until_finished};
use crate::place::Place;
use crate::random::Random;
use crate::settings::{SETTINGS, Setting};
use crate::table::row;

/// The names in a runs folder, without what is hidden in it.
fn listed(workbench: &Workbench) -> Vec<String> {
    let mut names = workbench.names();
    names.retain(|name| !name.starts_with('.'));
    names
}

/// Kills so many makers of forks; what is made at last is the parent's own continuation.
///
/// # Panics
/// Where half a fork is there, the parent was touched, or a fork comes to another end.
pub fn killed_in_the_making(place: &Place, kills: usize, seed: u64) {
    let kept: Vec<&str> = [SETTINGS[0].settings, &["checkpoint.keep=1000"]].concat();
    let setting = Setting { name: "a fork of it", settings: kept.leak() };
    let expected = undisturbed(place, &setting, "parent");
    let parent = place.run("parent");
    let checkpoints = parent.checkpoints();
    let middle =
        checkpoints[checkpoints.len() / 2].strip_prefix("step-").expect("a step").to_owned();
    let fork = |name: &str| {
        let words = ["fork", "parent", "--at", &middle, "--name", name, "--headless"];
        place.workbench().start(&words)
    };
    let began = Instant::now();
    let whole = fork("whole");
    poll("a fork", || place.run("whole").path().exists().then_some(()));
    // Somewhat more than the time that it takes to make one: kills come before, in and after it.
    let longest = began.elapsed().mul_f64(1.2);
    whole.ended().ok();
    let difference = expected.ending.difference(&Ending::of(&place.run("whole")));
    assert!(difference.is_none(), "a fork with nothing changed: {difference:?}");

    let mut random = Random::new(seed);
    let (mut in_the_making, mut training, mut forks) = (0, 0, 0);
    while in_the_making < kills {
        forks += 1;
        let name = format!("fork-{forks}");
        let before = listed(place.workbench());
        while !place.run(&name).path().exists() {
            let running = fork(&name);
            std::thread::sleep(random.within(longest));
            running.signal(Signal::KILL);
            running.ended();
            if place.run(&name).path().exists() {
                training += 1;
            } else {
                in_the_making += 1;
                assert_eq!(listed(place.workbench()), before, "half a fork is there");
            }
        }
        let mut left = 2;
        let end = until_finished(
            place,
            &setting,
            &name,
            &expected,
            &mut left,
            &mut random,
            &mut Hits::default(),
        );
        training += 2 - left;
        end.unwrap_or_else(|why| panic!("{name}, at {middle}, seed {seed}: {why}"));
    }
    let Undisturbed { ending, .. } = &expected;
    let difference = ending.difference(&Ending::of(&parent));
    assert!(difference.is_none(), "the parent was touched: {difference:?}");
    let all = format!("{} kills", in_the_making + training);
    row(&[
        &"kill -9 of forks",
        &forks,
        &all,
        &format!("{in_the_making} in the making"),
        &"all held",
    ]);
}
