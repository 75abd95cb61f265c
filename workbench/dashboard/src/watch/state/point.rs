//! The point of the latent space that is looked at.

use super::State;
use crate::watch::keys::View;
use crate::watch::message::Effect;
use crate::watch::save::LatentView;

impl State {
    /// Looks at the nearest point in a direction; at first at the one nearest the middle.
    pub fn move_point(&mut self, (right, up): (f64, f64)) {
        let Some(latent) = self.latent() else { return };
        let points = latent.points(self.ui.axes.0, self.ui.axes.1, self.ui.principal);
        let spread = |axis: usize| {
            let values = points.iter().map(|point| point[axis]).filter(|value| value.is_finite());
            let (lo, hi) = values.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
            (hi - lo).max(1e-9)
        };
        let (wide, high) = (spread(0), spread(1));
        let from = self.ui.point.and_then(|point| points.get(point));
        let cost = |&[x, y]: &[f64; 2]| match from {
            None => Some((x / wide).hypot(y / high)),
            Some([x0, y0]) => {
                let (dx, dy) = ((x - x0) / wide, (y - y0) / high);
                let (along, across) = (dx * right + dy * up, (dx * up).abs() + (dy * right).abs());
                // Straight on comes before aside.
                (along > 1e-9 && along >= across * 0.5).then_some(along + 2.0 * across)
            }
        };
        let costs = points.iter().enumerate().filter_map(|(i, point)| Some((i, cost(point)?)));
        let nearest = costs.filter(|(_, cost)| cost.is_finite());
        if let Some((point, _)) = nearest.min_by(|a, b| a.1.total_cmp(&b.1)) {
            self.ui.point = Some(point);
        }
    }

    /// The point that is looked at, where it is on the screen.
    pub fn looked_at(&self) -> Option<usize> {
        let points = self.latent()?.snapshot.len();
        self.ui.point.filter(|&point| self.ui.view == View::Latent && point < points)
    }

    /// Asks for the image of the point that is looked at; again where a newer snapshot tells of a newer model.
    pub(super) fn settle_look(&mut self) -> Option<Effect> {
        let wanted = (self.looked_at()?, self.snapshots.last().copied());
        if self.look_asked.replace(wanted) == Some(wanted) {
            return None;
        }
        Some(Effect::Look(wanted.0))
    }

    /// What is looked at, as it is to be saved.
    pub fn latent_view(&self) -> Option<LatentView> {
        let latent = self.latent()?;
        let by_axes = !self.ui.principal && latent.snapshot.dims > 1;
        Some(LatentView {
            run: self.path.clone(),
            step: latent.snapshot.step,
            axes: by_axes.then_some(self.ui.axes),
            color: self.ui.color.clone(),
        })
    }
}
