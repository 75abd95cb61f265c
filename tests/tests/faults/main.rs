//! Faults, over and over, and whether what is promised holds: kills at any instant, logs cut at any byte, disks that
//! fail at any call, clocks that jump.
//!
//! A few of each at every run of the tests. For a thousand kills, a fault at every call, and a table of what held:
//!
//!     cargo test --release -p workbench-tests --test faults -- --ignored --nocapture --test-threads 1

mod clock;
mod cuts;
mod disk;
mod ending;
mod forks;
mod kills;
mod place;
mod random;
mod settings;
mod shim;
mod table;

use place::Place;
use settings::SETTINGS;

/// Of the random instants; with it they are the same ones in every run of the tests.
const SEED: u64 = 20_260_801;

#[test]
fn runs_that_are_killed_at_random_instants_end_as_if_undisturbed() {
    let settings = [&SETTINGS[0], &SETTINGS[4]];
    kills::at_random_instants(&Place::new(), &settings, 20, SEED);
}

#[test]
#[ignore = "a thousand kills take minutes"]
fn a_thousand_kills_at_random_instants() {
    let settings: Vec<_> = SETTINGS.iter().collect();
    kills::at_random_instants(&Place::new(), &settings, 1000, SEED);
}

#[test]
fn forks_that_are_killed_in_the_making_end_as_if_undisturbed() {
    forks::killed_in_the_making(&Place::new(), 5, SEED);
}

#[test]
#[ignore = "a minute"]
fn a_hundred_kills_of_forks() {
    forks::killed_in_the_making(&Place::new(), 100, SEED);
}

#[test]
fn a_log_of_several_sessions_cut_at_every_byte_gives_every_complete_record() {
    cuts::at_every_byte();
}

#[test]
fn a_disk_that_fails_once_costs_nothing() {
    disk::failing_at_every(29, 1);
}

#[test]
#[ignore = "minutes"]
fn a_disk_that_fails_at_any_call_costs_nothing() {
    disk::failing_at_every(1, 1);
    disk::failing_at_every(4, 40);
}

#[test]
fn a_trainer_that_is_killed_before_it_writes_leaves_what_it_goes_on_from() {
    // The first ones make the run.
    disk::killed_at_every(17, 24);
}

#[test]
#[ignore = "a minute"]
fn a_trainer_that_is_killed_before_any_write_leaves_what_it_goes_on_from() {
    disk::killed_at_every(1, 0);
}

#[test]
fn a_clock_that_goes_back_and_forth_a_year_changes_nothing() {
    clock::back_and_forth(&Place::new());
}
