//! Volumes as solids: a ray a pixel, which gathers what it meets.

/// How volumes of one size are looked at: from so far to infinity, without perspective.
pub struct Projection {
    volume: [usize; 4],
    side: usize,
    /// Unit vectors in the volume (planes, rows, columns): along a picture's rows, down its columns, and into it.
    across: Vector,
    down: Vector,
    into: Vector,
    light: Vector,
    /// Voxels a pixel.
    scale: f32,
}

type Vector = [f32; 3];

/// Turned about the vertical axis, and seen from above, in radians.
#[derive(Clone, Copy, Debug)]
pub struct Angles {
    pub turn: f32,
    pub rise: f32,
}

/// What is less dense is air.
const THIN: f32 = 0.05;
/// Opacity goes from 0 to 1 over these densities, so that what a decoder is unsure of shows as mist.
const MIST: [f32; 2] = [0.15, 0.75];
/// Voxels a step along a ray.
const STEP: f32 = 0.5;
/// Towards the light: so much across, down and into the picture, from the left above the viewer.
const LIGHT: Vector = [-0.42, -0.6, -0.68];
const AMBIENT: f32 = 0.3;

impl Projection {
    pub const SLANT: Angles = Angles { turn: 0.6, rise: 0.45 };

    /// Of volumes `[C, D, H, W]`.
    pub fn of(volume: [usize; 4], angles: Angles) -> Projection {
        let [_, d, h, w] = volume;
        let longest = d.max(h).max(w);
        let side = (2 * longest).clamp(48, 128);
        let ((sin, cos), (up, level)) = (angles.turn.sin_cos(), angles.rise.sin_cos());
        // The corners of a cube stay inside at every turn.
        let diagonal = 2f32.sqrt();
        let span = diagonal.max(level.abs() + up.abs() * diagonal);
        let scale = longest as f32 * span / side as f32;
        let across = [sin, 0.0, cos];
        let down = [-up * cos, level, up * sin];
        let into = [level * cos, up, -level * sin];
        let light =
            std::array::from_fn(|i| LIGHT[0] * across[i] + LIGHT[1] * down[i] + LIGHT[2] * into[i]);
        Projection { volume, side, across, down, into, light, scale }
    }

    /// `[C', H', W']`: three channels where the volume has three, else one.
    pub fn shape(&self) -> [usize; 3] {
        [if self.volume[0] == 3 { 3 } else { 1 }, self.side, self.side]
    }

    /// `volume`: densities in 0..1; of three channels, which are a colour, the greatest is the density. Black where
    /// there is nothing.
    pub fn draw(&self, volume: &[f32]) -> Vec<f32> {
        let [channels, side, _] = self.shape();
        let field = Field::new(volume, self.volume);
        let mut picture = vec![0.0; channels * side * side];
        let Some(bounds) = field.bounds() else { return picture };
        for y in 0..side {
            for x in 0..side {
                let colour = self.ray(&field, bounds, x, y);
                for (channel, value) in colour.iter().take(channels).enumerate() {
                    picture[(channel * side + y) * side + x] = *value;
                }
            }
        }
        picture
    }

    /// Front to back, until nothing shines through any more.
    fn ray(&self, field: &Field, bounds: [Vector; 2], x: usize, y: usize) -> Vector {
        let from = |n: usize| (n as f32 + 0.5 - self.side as f32 / 2.0) * self.scale;
        let (right, down) = (from(x), from(y));
        let start: Vector =
            std::array::from_fn(|i| field.centre[i] + right * self.across[i] + down * self.down[i]);
        let Some([first, last]) = crossing(start, self.into, bounds) else { return [0.0; 3] };
        let (mut colour, mut through) = ([0.0; 3], 1.0f32);
        let steps = ((last - first) / STEP).ceil() as usize;
        for step in 0..=steps {
            let at = first + step as f32 * STEP;
            let place: Vector = std::array::from_fn(|i| start[i] + at * self.into[i]);
            let density = field.density(place);
            if density <= THIN {
                continue;
            }
            let opacity = smooth((density - MIST[0]) / (MIST[1] - MIST[0]));
            let alpha = 1.0 - (1.0 - opacity * 0.9).powf(2.0 * STEP);
            let light = field.light(place, self.light);
            let hue = field.colour(place);
            for (sum, hue) in colour.iter_mut().zip(hue) {
                *sum += through * alpha * light * hue;
            }
            through *= 1.0 - alpha;
            if through < 0.02 {
                break;
            }
        }
        colour.map(|value| value.clamp(0.0, 1.0))
    }
}

/// Densities between voxels.
struct Field<'a> {
    volume: &'a [f32],
    channels: usize,
    size: [usize; 3],
    centre: Vector,
}

impl<'a> Field<'a> {
    fn new(volume: &'a [f32], [channels, d, h, w]: [usize; 4]) -> Field<'a> {
        let size = [d, h, w];
        let centre = size.map(|n| (n as f32 - 1.0) / 2.0);
        Field { volume, channels: if channels == 3 { 3 } else { 1 }, size, centre }
    }

    /// A voxel's density; beyond the edges there is nothing.
    fn voxel(&self, [z, y, x]: [isize; 3]) -> f32 {
        let [d, h, w] = self.size;
        let inside = |n: isize, size: usize| usize::try_from(n).ok().filter(|n| *n < size);
        let (Some(z), Some(y), Some(x)) = (inside(z, d), inside(y, h), inside(x, w)) else {
            return 0.0;
        };
        let at = (z * h + y) * w + x;
        (0..self.channels).map(|c| self.volume[c * d * h * w + at]).fold(0.0, f32::max)
    }

    /// Linear between the eight voxels around.
    fn density(&self, place: Vector) -> f32 {
        let low = place.map(|n| n.floor() as isize);
        let part: Vector = std::array::from_fn(|i| place[i] - low[i] as f32);
        let mut sum = 0.0;
        for corner in 0..8 {
            let bit = [corner >> 2 & 1, corner >> 1 & 1, corner & 1];
            let weight: f32 =
                (0..3).map(|i| if bit[i] == 1 { part[i] } else { 1.0 - part[i] }).product();
            if weight > 0.0 {
                sum += weight * self.voxel(std::array::from_fn(|i| low[i] + bit[i] as isize));
            }
        }
        sum
    }

    /// Lambert's law, the density's gradient taken for the normal of a surface.
    fn light(&self, place: Vector, towards: Vector) -> f32 {
        let along = |axis: usize| {
            let moved = |by: f32| {
                let mut place = place;
                place[axis] += by;
                self.density(place)
            };
            moved(-1.0) - moved(1.0)
        };
        let normal: Vector = std::array::from_fn(along);
        let length = normal.iter().map(|n| n * n).sum::<f32>().sqrt();
        let facing = normal.iter().zip(towards).map(|(n, light)| n * light).sum::<f32>();
        AMBIENT + (1.0 - AMBIENT) * (facing / length.max(1e-6)).max(0.0)
    }

    /// White where there are no colours; the brightest channel is full, since the density has told how much there is.
    fn colour(&self, place: Vector) -> Vector {
        if self.channels != 3 {
            return [1.0; 3];
        }
        let [d, h, w] = self.size;
        let nearest = |i: usize| (place[i].round().max(0.0) as usize).min(self.size[i] - 1);
        let at = (nearest(0) * h + nearest(1)) * w + nearest(2);
        let hue: Vector = std::array::from_fn(|c| self.volume[c * d * h * w + at]);
        let most = hue.iter().copied().fold(1e-6, f32::max);
        hue.map(|value| value / most)
    }

    /// The smallest box that holds all that is not air, with room for what lies between voxels.
    fn bounds(&self) -> Option<[Vector; 2]> {
        let [d, h, w] = self.size;
        let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for (at, density) in self.volume.iter().take(self.channels * d * h * w).enumerate() {
            if *density > THIN {
                let at = at % (d * h * w);
                let place = [at / (h * w), at / w % h, at % w].map(|n| n as f32);
                for i in 0..3 {
                    low[i] = low[i].min(place[i] - 1.0);
                    high[i] = high[i].max(place[i] + 1.0);
                }
            }
        }
        (low[0] <= high[0]).then_some([low, high])
    }
}

/// Where a line is inside a box, in multiples of its direction.
fn crossing(start: Vector, direction: Vector, [low, high]: [Vector; 2]) -> Option<[f32; 2]> {
    let (mut first, mut last) = (f32::NEG_INFINITY, f32::INFINITY);
    for i in 0..3 {
        if direction[i].abs() < 1e-6 {
            if !(low[i]..=high[i]).contains(&start[i]) {
                return None;
            }
            continue;
        }
        let (a, b) = ((low[i] - start[i]) / direction[i], (high[i] - start[i]) / direction[i]);
        (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
    }
    (first <= last).then_some([first, last])
}

/// 0 below 0, 1 above 1, without a corner between.
fn smooth(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube(volume: [usize; 4], from: usize, to: usize) -> Vec<f32> {
        let [c, d, h, w] = volume;
        let inside = |n: usize| (from..to).contains(&n);
        let voxel = |at: usize| {
            let at = at % (d * h * w);
            f32::from(u8::from(inside(at / (h * w)) && inside(at / w % h) && inside(at % w)))
        };
        (0..c * d * h * w).map(voxel).collect()
    }

    #[test]
    fn nothing_is_black_and_a_cube_is_lit_in_the_middle() {
        let size = [1, 16, 16, 16];
        let projection = Projection::of(size, Projection::SLANT);
        assert_eq!(projection.shape(), [1, 48, 48]);
        assert!(projection.draw(&vec![0.0; 4096]).iter().all(|x| *x == 0.0));
        let picture = projection.draw(&cube(size, 4, 12));
        assert!(picture[24 * 48 + 24] > 0.3, "{}", picture[24 * 48 + 24]);
        assert_eq!(picture[0], 0.0);
    }

    /// From the front, rows of the picture are rows of the volume and columns its columns.
    #[test]
    fn what_is_up_and_right_in_the_volume_is_so_in_the_picture() {
        let size = [1, 12, 12, 12];
        let mut volume = vec![0.0; 12 * 12 * 12];
        for z in 0..12 {
            for (y, x) in [(1, 9), (1, 10), (2, 9), (2, 10)] {
                volume[(z * 12 + y) * 12 + x] = 1.0;
            }
        }
        let front = Projection::of(size, Angles { turn: 0.0, rise: 0.0 });
        let picture = front.draw(&volume);
        let lit: Vec<usize> = (0..picture.len()).filter(|&at| picture[at] > 0.1).collect();
        assert!(!lit.is_empty());
        assert!(lit.iter().all(|at| at / 48 < 24 && at % 48 > 24));
    }

    /// From before and from behind.
    #[test]
    fn the_near_hides_the_far() {
        let size = [3, 12, 12, 12];
        let mut volume = vec![0.0; 3 * 1728];
        // A red wall in front, a green one behind.
        for at in 0..144 {
            volume[2 * 144 + at] = 1.0;
            volume[1728 + 9 * 144 + at] = 1.0;
        }
        let front = Projection::of(size, Angles { turn: 0.0, rise: 0.0 }).draw(&volume);
        let middle = 24 * 48 + 24;
        assert!(front[middle] > 0.2 && front[2304 + middle] < 0.02);
        let back = Projection::of(size, Angles { turn: std::f32::consts::PI, rise: 0.0 });
        let back = back.draw(&volume);
        assert!(back[middle] < 0.02 && back[2304 + middle] > 0.05);
    }
}
