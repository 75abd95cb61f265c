//! The list of runs to choose from: those that are drawn first, then those that the filter lets through.

use std::path::Path;
use std::sync::Arc;

use super::State;
use super::rivals::{self, Rival};
use crate::home::RunEntry;
use crate::run_filter;
use crate::watch::message::Effect;

/// A run in the list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub entry: Arc<RunEntry>,
    /// The look that it is drawn with; `None` where it is not.
    pub look: Option<usize>,
}

impl State {
    /// The list, in its order. What is pinned stays, whatever the filter says.
    pub fn listed(&self) -> Vec<Listed> {
        let runs = self.runs.as_deref().unwrap_or_default();
        let known = |path: &Path| runs.iter().find(|run| run.path == path).cloned();
        let own = known(&self.path).unwrap_or_else(|| {
            Arc::new(RunEntry {
                status: self.status.clone(),
                settings: self.settings.clone(),
                ..RunEntry::named(&self.name, &self.path)
            })
        });
        let mut listed = vec![Listed { entry: own, look: Some(0) }];
        listed.extend(self.rivals.iter().map(|rival| {
            let entry = known(&rival.path).unwrap_or_else(|| {
                Arc::new(RunEntry {
                    status: rival.status.clone(),
                    settings: rival.settings.clone(),
                    ..RunEntry::named(&rival.name, &rival.path)
                })
            });
            Listed { entry, look: Some(rival.look) }
        }));
        let is_drawn = |run: &RunEntry| {
            run.path == self.path || self.rivals.iter().any(|rival| rival.path == run.path)
        };
        let others = runs.iter().filter(|run| !is_drawn(run));
        let others = others.filter(|run| run_filter::fits(run, &self.ui.run_filter));
        listed.extend(others.map(|run| Listed { entry: Arc::clone(run), look: None }));
        listed
    }

    /// The place in the list of the run that is chosen.
    pub fn run_cursor(&self) -> usize {
        let Some(path) = &self.ui.run else { return 0 };
        self.listed().iter().position(|listed| listed.entry.path == *path).unwrap_or(0)
    }

    /// Chooses another run of the list.
    pub fn choose_run(&mut self, by: isize) {
        let listed = self.listed();
        let at = self.run_cursor().saturating_add_signed(by).min(listed.len().saturating_sub(1));
        self.ui.run = listed.get(at).map(|listed| listed.entry.path.clone());
    }

    /// Pins the run that is chosen, or lets it go.
    pub fn toggle_chosen(&mut self) -> Option<Effect> {
        let at = self.run_cursor();
        let Listed { entry, look } = self.listed().into_iter().nth(at)?;
        if entry.path == self.path {
            self.ui.notice = Some("the dashboard is of this run: choose another one".to_owned());
            return None;
        }
        self.ui.run = Some(entry.path.clone());
        if look.is_some() {
            self.unpin(&entry.path);
            return Some(Effect::Unpin(entry.path.clone()));
        }
        if !self.pin(&entry.path) {
            let text =
                format!("{} runs are drawn, which is all that can be told apart", rivals::MOST);
            self.ui.notice = Some(text);
            return None;
        }
        Some(Effect::Pin(entry.path.clone()))
    }

    /// Draws a run over this one; false where there are as many as can be told apart.
    pub fn pin(&mut self, path: &Path) -> bool {
        if path == self.path || self.rivals.iter().any(|rival| rival.path == path) {
            return true;
        }
        if self.rivals.len() + 1 >= rivals::MOST {
            return false;
        }
        self.rivals.push(Rival::new(path, rivals::free_look(&self.rivals)));
        self.reset_axes();
        true
    }

    /// Draws it no more.
    pub fn unpin(&mut self, path: &Path) {
        self.rivals.retain(|rival| rival.path != path);
        self.sort_panels();
        self.reset_axes();
    }
}
