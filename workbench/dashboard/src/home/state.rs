//! What Home knows, and what is chosen on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::keys::Section;
use super::owner::{DataSetEntry, ExperimentEntry, PluginEntry};
use super::scan::{RunEntry, Seen};
use super::work::{Done, Job};
use crate::keys::Place;
use crate::theme::Styles;
use crate::{format, run_filter};

/// Everything that the screen is drawn from.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub styles: Styles,
    pub size: (u16, u16),
    /// The folder of the runs, as it is shown.
    pub place: String,
    /// `None` before they are known, here and below.
    pub runs: Option<Vec<Arc<RunEntry>>>,
    pub experiments: Option<Vec<ExperimentEntry>>,
    pub data_sets: Option<Vec<DataSetEntry>>,
    pub plugins: Option<Vec<PluginEntry>>,
    /// Why the runs cannot be read.
    pub trouble: Option<String>,
    /// What is being done and not done yet.
    pub working: Option<Job>,
    pub ui: Ui,
}

/// What the keys change.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ui {
    pub section: usize,
    /// The name of what is chosen, by section: entries come and go, and move. `None` is the first.
    pub chosen: [Option<String>; 4],
    /// By section.
    pub filter: [String; 4],
    /// The names of the runs that are marked for comparing.
    pub marked: BTreeSet<String>,
    /// A filter is being typed.
    pub typing: bool,
    pub help: bool,
    /// A text that lies over the lists.
    pub page: Option<Page>,
    /// Something that a second press of its key does, to the run of this name.
    pub asked: Option<(Ask, String)>,
    pub notice: Option<Notice>,
}

/// What is asked twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Stop,
    Delete,
}

/// A line to tell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    pub text: String,
    pub is_bad: bool,
    /// Told until the run of this name has ended.
    pub until_end_of: Option<String>,
}

impl Notice {
    /// Told until the next key.
    pub fn new(text: impl Into<String>) -> Notice {
        Notice { text: text.into(), is_bad: false, until_end_of: None }
    }
}

/// A text to read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub title: String,
    pub lines: Vec<String>,
    pub scroll: usize,
    pub is_bad: bool,
}

impl Page {
    pub fn new(title: String, text: &str, is_bad: bool) -> Page {
        let lines = text.lines().map(format::plain).collect();
        Page { title, lines, scroll: 0, is_bad }
    }
}

impl State {
    pub fn new(styles: Styles, place: String) -> State {
        State {
            styles,
            size: (80, 24),
            place,
            runs: None,
            experiments: None,
            data_sets: None,
            plugins: None,
            trouble: None,
            working: None,
            ui: Ui::default(),
        }
    }

    /// The section that the keys act on.
    pub fn section(&self) -> Section {
        Section::ALL[self.ui.section]
    }

    /// Takes note of what a look found.
    pub fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Runs(runs) => {
                let is_live = |name: &String| runs.iter().any(|r| r.name == *name && r.is_live());
                let until = self.ui.notice.as_ref().and_then(|notice| notice.until_end_of.as_ref());
                if until.is_some_and(|name| !is_live(name)) {
                    self.ui.notice = None;
                }
                self.ui.marked.retain(|name| runs.iter().any(|run| run.name == *name));
                self.runs = Some(runs);
            }
            Seen::Experiments(experiments) => self.experiments = Some(experiments),
            Seen::DataSets(data_sets) => self.data_sets = Some(data_sets),
            Seen::Trouble(trouble) => self.trouble = trouble,
        }
    }

    /// Takes note of what was done. A run to be shown is for the caller.
    pub fn note(&mut self, done: Done) {
        if !matches!(done, Done::Plugins(_)) {
            self.working = None;
        }
        match done {
            Done::Plugins(plugins) => self.plugins = Some(plugins),
            Done::Started { .. } => {}
            Done::Said(text) => self.ui.notice = Some(Notice::new(text)),
            Done::Stopping { name } => {
                let text = format!("asked {name} to stop: it writes a checkpoint and ends");
                self.ui.notice = Some(Notice { until_end_of: Some(name), ..Notice::new(text) });
            }
            Done::Checked { name, words } => {
                self.ui.page = Some(Page::new(format!("check of {name}"), &words, false));
            }
            Done::Failed { job, why } => {
                let title = format!("{}: it did not work", job.text());
                self.ui.page = Some(Page::new(title, &why, true));
            }
        }
    }

    /// How many entries a section has, filtered or not; `None` before they are known.
    pub fn total(&self, section: Section) -> Option<usize> {
        match section {
            Section::Runs => self.runs.as_ref().map(Vec::len),
            Section::Experiments => self.experiments.as_ref().map(Vec::len),
            Section::Data => self.data_sets.as_ref().map(Vec::len),
            Section::Plugins => self.plugins.as_ref().map(Vec::len),
        }
    }

    /// The places of the entries that the section's filter lets through.
    pub fn shown(&self, section: Section) -> Vec<usize> {
        let filter = &self.ui.filter[section as usize];
        let lower = filter.to_lowercase();
        let fits = |place: &usize| match (section, &self.runs) {
            (Section::Runs, Some(runs)) => run_filter::fits(&runs[*place], filter),
            _ => {
                let text = self.searched(section, *place).to_lowercase();
                lower.split_whitespace().all(|part| text.contains(part))
            }
        };
        (0..self.total(section).unwrap_or(0)).filter(fits).collect()
    }

    /// The place among those shown of the one that is chosen; 0 where there is none.
    pub fn cursor(&self, section: Section) -> usize {
        let Some(name) = &self.ui.chosen[section as usize] else { return 0 };
        let shown = self.shown(section);
        shown.iter().position(|&place| self.name(section, place) == *name).unwrap_or(0)
    }

    /// The place of the entry that is chosen.
    pub fn chosen(&self, section: Section) -> Option<usize> {
        self.shown(section).get(self.cursor(section)).copied()
    }

    /// The run that is chosen, where the runs are looked at.
    pub fn chosen_run(&self) -> Option<&Arc<RunEntry>> {
        self.runs.as_ref()?.get(self.chosen(Section::Runs)?)
    }

    /// The experiment that is chosen.
    pub fn chosen_experiment(&self) -> Option<&ExperimentEntry> {
        self.experiments.as_ref()?.get(self.chosen(Section::Experiments)?)
    }

    /// What an entry is called: no two of a section share it.
    pub fn name(&self, section: Section, place: usize) -> String {
        let name = match section {
            Section::Runs => self.runs.as_ref().map(|all| all[place].name.clone()),
            Section::Experiments => self.experiments.as_ref().map(|all| all[place].name.clone()),
            Section::Data => self.data_sets.as_ref().map(|all| all[place].name.clone()),
            // A plugin may offer a data set and an architecture of one name.
            Section::Plugins => {
                self.plugins.as_ref().map(|all| format!("{} {}", all[place].name, all[place].kind))
            }
        };
        name.unwrap_or_default()
    }

    /// What a filter looks into.
    fn searched(&self, section: Section, place: usize) -> String {
        let name = self.name(section, place);
        let more = match section {
            // These have a filter of their own.
            Section::Runs => None,
            Section::Experiments => self.experiments.as_ref().map(|all| {
                let entry = &all[place];
                format!("{} {}", entry.data_set, entry.architecture)
            }),
            Section::Data => self.data_sets.as_ref().map(|all| all[place].title.clone()),
            // Its kind is part of its name.
            Section::Plugins => None,
        };
        format!("{name} {}", more.unwrap_or_default())
    }
}
