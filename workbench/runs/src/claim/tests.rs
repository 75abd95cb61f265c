use std::cell::Cell;
use std::sync::Barrier;
use std::thread;
use std::time::SystemTime;

use super::*;

fn run(dir: &tempfile::TempDir) -> RunDir {
    RunDir::create(dir.path(), "run").unwrap()
}

/// A process that was here and is gone.
fn gone() -> Holder {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    Holder { pid: child.id(), started: Some(1), ..Holder::this_process() }
}

fn leave(path: &Path, holder: &Holder) {
    fs::write(path, serde_json::to_vec(holder).unwrap()).unwrap();
}

fn hidden(run: &RunDir) -> usize {
    let entries = fs::read_dir(run.path()).unwrap();
    entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.')).count()
}

/// How many of `threads` that start at once get the claim, all of them holding what they got.
fn contend(run: &RunDir, threads: usize) -> usize {
    let barrier = Barrier::new(threads);
    let claims: Vec<Result<Claim, Error>> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    Claim::acquire(run)
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for lost in claims.iter().filter_map(|claim| claim.as_ref().err()) {
        assert!(matches!(lost, Error::Claimed { .. }), "{lost}");
    }
    claims.iter().filter(|claim| claim.is_ok()).count()
}

#[test]
fn a_claim_keeps_others_out_until_it_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let claim = Claim::acquire(&run).unwrap();
    let error = Claim::acquire(&run).unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert_eq!(holder(&run).unwrap().unwrap().token, claim.token());
    claim.release().unwrap();
    assert_eq!(holder(&run).unwrap(), None);
    drop(Claim::acquire(&run).unwrap());
    assert_eq!(holder(&run).unwrap(), None);
}

#[test]
fn of_many_at_once_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for _ in 0..3 {
        assert_eq!(contend(&run, 32), 1);
        assert_eq!(hidden(&run), 0);
    }
}

#[test]
fn of_many_takers_of_a_stale_claim_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for round in 0..4 {
        let stale = gone();
        leave(&path(&run), &stale);
        if round % 2 == 1 {
            // A taker that crashed half-way, twice over.
            let taker = gone();
            leave(&run.path().join(format!(".claim-after-{}", stale.token)), &taker);
            leave(&run.path().join(format!(".claim-after-{}", taker.token)), &gone());
        }
        assert_eq!(contend(&run, 32), 1, "round {round}");
        assert_eq!(hidden(&run), 0);
    }
}

#[test]
fn what_a_crash_left_aside_is_removed_once_it_is_old() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for (name, age) in
        [(".aside-old", 61), (".claim-after-old", 61), (".aside-new", 0), ("mine", 61)]
    {
        let file = fs::File::create(run.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    }
    let _claim = Claim::acquire(&run).unwrap();
    assert_eq!(hidden(&run), 1);
    assert!(run.path().join(".aside-new").exists() && run.path().join("mine").exists());
}

#[test]
fn only_what_is_provably_gone_is_taken_over_at_once() {
    let me = Holder::this_process();
    assert_eq!(gone().fate(), Fate::Gone);
    match me.started {
        Some(started) => {
            assert_eq!(me.fate(), Fate::Lives);
            // Another process has its id by now.
            assert_eq!(Holder { started: Some(started + 1), ..me.clone() }.fate(), Fate::Gone);
        }
        None => assert_eq!(me.fate(), Fate::Unknown),
    }
    let unknown = [
        Holder { started: None, ..me.clone() },
        Holder { host: "elsewhere".into(), ..gone() },
        Holder { namespace: Some("pid:[1]".into()), ..gone() },
        // A restart of this machine, or another machine of this name.
        Holder { boot: Some("another".into()), ..me },
    ];
    for holder in unknown {
        assert_eq!(holder.fate(), Fate::Unknown, "{holder:?}");
    }
}

/// As [`Claim::acquire_watching`], in milliseconds.
fn acquire_watching(run: &RunDir, mut look: impl FnMut(&Holder)) -> Result<Claim, Error> {
    let [lost_after, between_looks] = [200, 5].map(Duration::from_millis);
    silence::acquire(run, &mut look, lost_after, between_looks)
}

#[test]
fn a_holder_elsewhere_is_watched_and_loses_its_claim_once_it_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let elsewhere = Holder { host: "node-7".into(), ..gone() };
    leave(&path(&run), &elsewhere);
    // A taker elsewhere that crashed half-way is watched likewise.
    let taker = Holder { host: "node-8".into(), ..gone() };
    leave(&run.path().join(format!(".claim-after-{}", elsewhere.token)), &taker);
    let mut watched = Vec::new();
    let claim = acquire_watching(&run, |holder| watched.push(holder.host.clone())).unwrap();
    assert_eq!(watched, ["node-7", "node-8"]);
    assert_eq!(claim.taken_from(), Some(&elsewhere));
    assert_eq!(holder(&run).unwrap().unwrap().token, claim.token());
    assert_eq!(hidden(&run), 0);
    claim.ticket().check().unwrap();
    // It was only asleep: it finds that the run is another's.
    let asleep = Ticket { path: path(&run), token: elsewhere.token };
    assert!(
        matches!(asleep.check(), Err(Error::Claimed { holder, .. }) if holder.token == claim.token())
    );
}

#[test]
fn a_holder_elsewhere_that_shows_a_sign_keeps_its_claim() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    leave(&path(&run), &Holder { host: "node-7".into(), ..gone() });
    let status = crate::Status::starting(10, 1);
    status.write(&run).unwrap();
    let done = Cell::new(false);
    thread::scope(|scope| {
        let beating = scope.spawn(|| {
            // By a clock a year behind: what counts is that it changes.
            while holder(&run).unwrap().unwrap().host == "node-7"
                && !run.path().join("stop").exists()
            {
                status.write(&run).unwrap();
                thread::yield_now();
            }
        });
        let refused = acquire_watching(&run, |_| done.set(true)).unwrap_err();
        fs::write(run.path().join("stop"), "").unwrap();
        beating.join().unwrap();
        assert!(matches!(refused, Error::Claimed { .. }), "{refused}");
    });
    assert!(done.get());
    assert_eq!(holder(&run).unwrap().unwrap().host, "node-7");
}

#[test]
fn of_many_that_watch_a_silent_holder_exactly_one_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    leave(&path(&run), &Holder { host: "node-7".into(), ..gone() });
    let barrier = Barrier::new(16);
    let claims: Vec<Result<Claim, Error>> = thread::scope(|scope| {
        let start = |_| {
            scope.spawn(|| {
                barrier.wait();
                acquire_watching(&run, |_| {})
            })
        };
        let started: Vec<_> = (0..16).map(start).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
    let refused = claims.iter().filter_map(|claim| claim.as_ref().err());
    refused.for_each(|error| assert!(matches!(error, Error::Claimed { .. }), "{error}"));
}

#[test]
fn a_clock_that_is_a_year_off_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    for time in ["2027-11-24T00:00:00Z", "1969-12-31T23:59:59Z", "no time at all"] {
        leave(&path(&run), &Holder { time: time.into(), ..gone() });
        let claim = Claim::acquire(&run).unwrap();
        assert_eq!(claim.taken_from().unwrap().time, time);
        // Of one that lives, whatever its clock says.
        let mine = holder(&run).unwrap().unwrap();
        leave(&path(&run), &Holder { time: time.into(), ..mine });
        assert!(matches!(Claim::acquire(&run), Err(Error::Claimed { .. })));
        claim.release().unwrap();
    }
}

#[test]
fn a_claim_from_elsewhere_or_a_damaged_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    leave(&path(&run), &Holder { host: "node-7".into(), ..gone() });
    let error = Claim::acquire(&run).unwrap_err().to_string();
    assert!(error.contains("node-7") && error.contains("remove claim.json"), "{error}");
    for text in ["", "{}", "null"] {
        fs::write(path(&run), text).unwrap();
        let error = Claim::acquire(&run).unwrap_err().to_string();
        assert!(error.contains("remove it if no trainer"), "{error}");
    }
    // A right that names itself.
    let stale = gone();
    leave(&path(&run), &stale);
    let right = run.path().join(format!(".claim-after-{}", stale.token));
    leave(&right, &stale);
    assert!(matches!(Claim::acquire(&run), Err(Error::Damaged { path, .. }) if path == right));
    leave(&path(&run), &Holder { token: "../../../../../../../../../../x".into(), ..gone() });
    assert!(matches!(Claim::acquire(&run), Err(Error::Damaged { .. })));
}
