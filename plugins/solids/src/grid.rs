//! A cube of voxels that what is turned about its vertical axis is filled into.

/// How full each voxel is. The cube is a unit wide; `y` goes down from 0 to 1, `x` to the right and `z` to the back from
/// -0.5 to 0.5.
pub struct Grid<'a> {
    side: usize,
    /// Sine and cosine of the angle.
    turn: (f32, f32),
    /// `[D, H, W]`.
    bytes: &'a mut [u8],
}

/// From and to along each axis, before it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    pub x: [f32; 2],
    pub y: [f32; 2],
    pub z: [f32; 2],
}

impl Room {
    pub fn middle(self) -> [f32; 3] {
        [self.x, self.y, self.z].map(|[from, to]| (from + to) / 2.0)
    }

    pub fn halves(self) -> [f32; 3] {
        [self.x, self.y, self.z].map(|[from, to]| (to - from) / 2.0)
    }
}

impl<'a> Grid<'a> {
    /// `bytes` are `[side, side, side]`, all 0; `rotation` is in degrees, from the right to the back.
    pub fn new(side: usize, rotation: f32, bytes: &'a mut [u8]) -> Grid<'a> {
        Grid { side, turn: rotation.to_radians().sin_cos(), bytes }
    }

    /// Adds what has a negative `distance`, given x, y and z before it is turned; its surface is as thick as a voxel. Only
    /// the room about it, turned, is looked at.
    pub fn fill(&mut self, room: Room, distance: impl Fn(f32, f32, f32) -> f32) {
        let (side, (sin, cos)) = (self.side as f32, self.turn);
        let ([x, _, z], [w, _, d]) = (room.middle(), room.halves());
        let (x, z) = (cos * x - sin * z, sin * x + cos * z);
        let (wide, deep) = (cos.abs() * w + sin.abs() * d, sin.abs() * w + cos.abs() * d);
        let rows = self.range(room.y);
        let columns = self.range([x + 0.5 - wide, x + 0.5 + wide]);
        for plane in self.range([z + 0.5 - deep, z + 0.5 + deep]) {
            let pz = (plane as f32 + 0.5) / side - 0.5;
            for row in rows.clone() {
                let py = (row as f32 + 0.5) / side;
                let at = (plane * self.side + row) * self.side;
                let line = &mut self.bytes[at + columns.start..at + columns.end];
                for (voxel, column) in line.iter_mut().zip(columns.clone()) {
                    let px = (column as f32 + 0.5) / side - 0.5;
                    let distance = distance(cos * px + sin * pz, py, cos * pz - sin * px);
                    // A cast from f32 saturates.
                    let full = ((0.5 - distance * side) * 255.0 + 0.5) as u8;
                    *voxel = (*voxel).max(full);
                }
            }
        }
    }

    /// The voxels between two places along an axis, and half of one around them for the soft surface.
    fn range(&self, [from, to]: [f32; 2]) -> std::ops::Range<usize> {
        let side = self.side as f32;
        // A negative number becomes 0.
        let start = ((from * side - 0.5) as usize).min(self.side);
        let end = ((to * side + 1.5) as usize).min(self.side);
        start..end.max(start)
    }
}
