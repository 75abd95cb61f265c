//! One solid in a cube of voxels, standing on its ground.

use crate::grid::{Grid, Room};
use crate::solid::{Kind, Solid};

/// Where the ground is.
const GROUND: f32 = 0.94;
/// Half of the least and of the greatest width and depth, and the heights. The corners of the largest stay inside however
/// it is turned.
const HALF: [f32; 2] = [0.15, 0.31];
const HEIGHT: [f32; 2] = [0.35, 0.86];
/// Of legs, tops and backs.
const THICK: [f32; 2] = [0.045, 0.10];
/// How much of the height the legs of a chair are, and of a table.
const LEGS: [f32; 2] = [0.30, 0.60];
const TABLE_LEGS: [f32; 2] = [0.55, 0.85];
/// How much of what is above the seat a chair's back is.
const BACK: [f32; 2] = [0.30, 1.0];
/// The ring of a torus, as a part of its radius.
const RING: [f32; 2] = [0.18, 0.45];

/// Fills bytes `[1, side, side, side]` with how much of each voxel is in the solid.
pub fn draw(solid: &Solid, side: usize, bytes: &mut [u8]) {
    let [w, d] = [solid.width, solid.depth].map(|at| within(HALF, at));
    let height = within(HEIGHT, solid.height);
    let mut grid = Grid::new(side, solid.rotation, bytes);
    let whole = Room { x: [-w, w], y: [GROUND - height, GROUND], z: [-d, d] };
    match solid.kind {
        Kind::Box => cuboid(&mut grid, whole),
        Kind::Ellipsoid => ellipsoid(&mut grid, whole),
        Kind::Cylinder => cylinder(&mut grid, whole),
        Kind::Cone => cone(&mut grid, whole),
        Kind::Torus => torus(&mut grid, [w, d], within(RING, solid.thickness)),
        Kind::Table => table(&mut grid, solid, whole),
        Kind::Chair => chair(&mut grid, solid, whole),
    }
}

fn within([from, to]: [f32; 2], at: f32) -> f32 {
    from + (to - from) * at
}

fn cuboid(grid: &mut Grid, room: Room) {
    let ([x, y, z], [w, h, d]) = (room.middle(), room.halves());
    grid.fill(room, |px, py, pz| {
        let [qx, qy, qz] = [(px - x).abs() - w, (py - y).abs() - h, (pz - z).abs() - d];
        let [ox, oy, oz] = [qx, qy, qz].map(|q| q.max(0.0));
        (ox * ox + oy * oy + oz * oz).sqrt() + qx.max(qy).max(qz).min(0.0)
    });
}

/// To first order, which is exact for a ball and at the surface.
fn ellipsoid(grid: &mut Grid, room: Room) {
    let ([x, y, z], [w, h, d]) = (room.middle(), room.halves());
    grid.fill(room, |px, py, pz| {
        let at = [(px - x) / w, (py - y) / h, (pz - z) / d];
        let norm = length(at);
        let slope = length([at[0] / w, at[1] / h, at[2] / d]);
        if slope > 0.0 { norm * (norm - 1.0) / slope } else { -w.min(h).min(d) }
    });
}

fn cylinder(grid: &mut Grid, room: Room) {
    let ([x, y, z], [w, h, d]) = (room.middle(), room.halves());
    grid.fill(room, |px, py, pz| {
        let round = workbench_sdk::drawing::ellipse(px - x, pz - z, w, d);
        let flat = (py - y).abs() - h;
        capped(round, flat)
    });
}

/// Its tip is where the box about it ends.
fn cone(grid: &mut Grid, room: Room) {
    let ([x, _, z], [w, h, d]) = (room.middle(), room.halves());
    let [top, ground] = room.y;
    // How much of its side's distance is left along the level.
    let lean = (2.0 * h) / (4.0 * h * h + w.min(d) * w.min(d)).sqrt();
    grid.fill(room, |px, py, pz| {
        let wide = (py - top) / (ground - top);
        let (u, v) = ((px - x) / w, (pz - z) / d);
        let norm = (u * u + v * v).sqrt();
        let slope = ((u / w) * (u / w) + (v / d) * (v / d)).sqrt();
        // The outline of each level is an ellipse, `wide` times as large as that on the ground.
        let level = if slope > 0.0 { norm * (norm - wide) / slope } else { -wide * w.min(d) };
        capped(level * lean, py - ground)
    });
}

/// It lies on the ground.
fn torus(grid: &mut Grid, [w, d]: [f32; 2], ring: f32) {
    let radius = ring * w.min(d);
    let (major_x, major_z) = (w - radius, d - radius);
    let room = Room { x: [-w, w], y: [GROUND - 2.0 * radius, GROUND], z: [-d, d] };
    let y = GROUND - radius;
    grid.fill(room, |px, py, pz| {
        let round = workbench_sdk::drawing::ellipse(px, pz, major_x, major_z);
        (round * round + (py - y) * (py - y)).sqrt() - radius
    });
}

fn table(grid: &mut Grid, solid: &Solid, whole: Room) {
    let thick = within(THICK, solid.thickness);
    let [top, ground] = whole.y;
    // A table may be low: its top is where its legs end.
    let height = (ground - top) * within(TABLE_LEGS, solid.legs);
    let seat = ground - height;
    cuboid(grid, Room { y: [seat - thick, seat], ..whole });
    legs(grid, Room { y: [seat, ground], ..whole }, thick);
}

/// Its back is at its far side before it is turned.
fn chair(grid: &mut Grid, solid: &Solid, whole: Room) {
    let thick = within(THICK, solid.thickness);
    let [top, ground] = whole.y;
    let seat = ground - (ground - top) * within(LEGS, solid.legs);
    cuboid(grid, Room { y: [seat - thick, seat], ..whole });
    legs(grid, Room { y: [seat, ground], ..whole }, thick);
    let above = (seat - thick - top).max(0.0) * within(BACK, solid.back);
    let [_, far] = whole.z;
    cuboid(grid, Room { y: [seat - thick - above, seat], z: [far - thick, far], ..whole });
}

fn legs(grid: &mut Grid, whole: Room, thick: f32) {
    let ends = |[from, to]: [f32; 2]| [[from, from + thick], [to - thick, to]];
    for x in ends(whole.x) {
        for z in ends(whole.z) {
            cuboid(grid, Room { x, z, ..whole });
        }
    }
}

/// What is inside of both, by how far it is from each.
fn capped(a: f32, b: f32) -> f32 {
    let (oa, ob) = (a.max(0.0), b.max(0.0));
    (oa * oa + ob * ob).sqrt() + a.max(b).min(0.0)
}

fn length([x, y, z]: [f32; 3]) -> f32 {
    (x * x + y * y + z * z).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::KINDS;

    const SIDE: usize = 32;

    fn solid(kind: Kind) -> Solid {
        Solid {
            kind,
            width: 0.5,
            height: 0.5,
            depth: 0.5,
            rotation: 0.0,
            legs: 0.5,
            back: 0.5,
            thickness: 0.5,
        }
    }

    fn voxels(solid: &Solid, side: usize) -> Vec<u8> {
        let mut bytes = vec![0; side.pow(3)];
        draw(solid, side, &mut bytes);
        bytes
    }

    /// In cubes of a unit a side.
    fn volume(solid: &Solid, side: usize) -> f64 {
        let all: f64 = voxels(solid, side).iter().map(|&byte| f64::from(byte) / 255.0).sum();
        all / side.pow(3) as f64
    }

    #[test]
    fn volumes_are_those_of_geometry_whatever_the_turn() {
        use std::f64::consts::PI;
        let (w, h, d) = (2.0 * 0.23, 0.605, 2.0 * 0.23);
        let ring: f64 = 0.315 * 0.23;
        for (kind, wanted) in [
            (Kind::Box, w * h * d),
            (Kind::Ellipsoid, PI / 6.0 * w * h * d),
            (Kind::Cylinder, PI / 4.0 * w * h * d),
            (Kind::Cone, PI / 12.0 * w * h * d),
            (Kind::Torus, 2.0 * PI * PI * (0.23 - ring) * ring * ring),
        ] {
            for rotation in [0.0, 17.0, 45.0, 300.0] {
                for side in [32, 64] {
                    let there = volume(&Solid { rotation, ..solid(kind) }, side);
                    let by = there / wanted;
                    assert!(
                        (by - 1.0).abs() < 0.04,
                        "{kind:?} turned by {rotation}°, {side}: {by}"
                    );
                }
            }
        }
    }

    #[test]
    fn none_touches_the_sides() {
        for (name, kind) in KINDS {
            for rotation in (0..360).step_by(15) {
                let largest = Solid {
                    width: 1.0,
                    height: 1.0,
                    depth: 1.0,
                    rotation: rotation as f32,
                    back: 1.0,
                    ..solid(kind)
                };
                let bytes = voxels(&largest, SIDE);
                let last = SIDE - 1;
                for (at, &byte) in bytes.iter().enumerate() {
                    let place = [at / SIDE / SIDE, at / SIDE % SIDE, at % SIDE];
                    let outer = place.iter().any(|&x| x == 0 || x == last);
                    assert!(byte == 0 || !outer, "{name} at {rotation}°: {place:?}");
                }
            }
        }
    }

    #[test]
    fn surfaces_are_blended_and_insides_are_full() {
        for (name, kind) in KINDS {
            let bytes = voxels(&Solid { rotation: 20.0, ..solid(kind) }, SIDE);
            let grey = bytes.iter().filter(|&&byte| byte != 0 && byte != 255).count();
            assert!(grey > 100, "{name}: {grey}");
            assert!(bytes.contains(&255), "{name}");
        }
    }

    #[test]
    fn each_factor_changes_what_it_is_a_factor_of() {
        let one = |kind| solid(kind);
        let differs = |a: &Solid, b: &Solid| {
            let (a, b) = (voxels(a, SIDE), voxels(b, SIDE));
            a.iter().zip(&b).filter(|(a, b)| a.abs_diff(**b) > 40).count()
        };
        for (_, kind) in KINDS {
            let before = one(kind);
            let changed = [
                (true, Solid { width: 0.9, ..before.clone() }),
                (kind != Kind::Torus, Solid { height: 0.9, ..before.clone() }),
                (true, Solid { depth: 0.9, ..before.clone() }),
                (kind.has_legs(), Solid { legs: 0.9, ..before.clone() }),
                (kind.has_back(), Solid { back: 0.9, ..before.clone() }),
                (kind.has_thickness(), Solid { thickness: 0.9, ..before.clone() }),
            ];
            for (changes, after) in changed {
                assert_eq!(differs(&before, &after) > 20, changes, "{after:?}");
            }
        }
        let chair = one(Kind::Chair);
        assert!(differs(&chair, &Solid { rotation: 180.0, ..chair.clone() }) > 100);
    }

    #[test]
    fn a_chair_has_its_back_behind_and_stands_on_four_legs() {
        let bytes = voxels(&solid(Kind::Chair), SIDE);
        let at = |d: usize, h: usize, w: usize| bytes[(d * SIDE + h) * SIDE + w];
        let level = |h: usize| (0..SIDE * SIDE).filter(|i| at(i / SIDE, h, i % SIDE) > 127).count();
        let ground = (GROUND * SIDE as f32) as usize;
        // Legs are 2.3 voxels wide.
        assert!((12..40).contains(&level(ground - 2)), "{}", level(ground - 2));
        let front: usize = (0..SIDE / 2).map(|d| usize::from(at(d, 14, 16))).sum();
        let behind: usize = (SIDE / 2..SIDE).map(|d| usize::from(at(d, 14, 16))).sum();
        assert!(front == 0 && behind > 255, "{front} {behind}");
    }
}
