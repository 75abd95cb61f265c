//! Boxes, ellipsoids, cylinders, cones, tori, tables and chairs in a cube of voxels, from factors that are known.

mod draw;
mod grid;
mod solid;

use solid::{KINDS, Shelf, Test};
use workbench_sdk::Random;
use workbench_sdk::prelude::*;

struct Solids {
    shelf: Shelf,
    side: usize,
    items: u64,
    test_items: u64,
    seed: u64,
}

impl Dataset for Solids {
    const NAME: &str = "solids";
    const ABOUT: &str = "Volumes of boxes, ellipsoids, cylinders, cones, tori, tables and chairs by size and rotation; no chair in \
                         training has both long legs and a high back.";
    const PARAMS: &[Param] = &[
        param::int("side", "Voxels a side.", 32).range(16, 128),
        param::texts("kinds", "Which kinds there are; []: all.", &[]).choices(&[
            param::choice("box"),
            param::choice("ellipsoid"),
            param::choice("cylinder"),
            param::choice("cone"),
            param::choice("torus"),
            param::choice("table"),
            param::choice("chair"),
        ]),
        param::bool("turned", "By any angle about the vertical axis; else all face one way.", true),
        param::int("items", "Training items.", 8192).range(1, 1 << 31),
        param::int("test_items", "Test items.", 1024).range(1, 1 << 31),
        param::bool(
            "held_out",
            "Chairs with both long legs and a high back (both above 0.6) are not in the training split.",
            true,
        ),
        param::text("test", "What the test split is drawn from.", "all").choices(&[
            param::choice("all"),
            param::choice("seen"),
            param::choice("held-out"),
        ]),
        param::int("seed", "Another seed draws other solids.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<Solids> {
        let named: Vec<String> = config.get("kinds")?;
        let kinds = KINDS
            .iter()
            .filter(|(name, _)| named.is_empty() || named.iter().any(|named| named == name));
        let kinds: Vec<solid::Kind> = kinds.map(|(_, kind)| *kind).collect();
        let held_out: bool = config.get("held_out")?;
        let test = match config.get::<String>("test")?.as_str() {
            "seen" => Test::Seen,
            "held-out" if !(held_out && kinds.contains(&solid::Kind::Chair)) => {
                bail!("nothing is held out; set held_out = true, and have chairs among the `kinds`")
            }
            "held-out" => Test::HeldOut,
            _ => Test::All,
        };
        Ok(Solids {
            shelf: Shelf { kinds, turned: config.get("turned")?, held_out, test },
            side: config.get("side")?,
            items: config.get("items")?,
            test_items: config.get("test_items")?,
            seed: config.get("seed")?,
        })
    }

    fn fields(&self) -> Vec<Field> {
        let there = |(_, kind): &&(&str, solid::Kind)| self.shelf.kinds.contains(kind);
        let names: Vec<&str> = KINDS.iter().filter(there).map(|(name, _)| *name).collect();
        let part = |name| Field::real(name).range(0.0, 1.0);
        vec![
            Field::volume(1, self.side, self.side, self.side),
            Field::label(&names),
            Field::attribute("kind", Kind::Categorical, &names),
            part("width"),
            part("height"),
            part("depth"),
            Field::real("rotation").range(0.0, 360.0),
            part("legs"),
            part("back"),
            part("thickness"),
            Field::attribute("combination", Kind::Binary, &["seen", "held out"]),
        ]
    }

    fn len(&self, split: &str) -> Option<u64> {
        match split {
            "train" => Some(self.items),
            "test" => Some(self.test_items),
            _ => None,
        }
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let test = split == "test";
        let solid = self.shelf.pick(test, &mut Random::new(self.seed, u64::from(test), index));
        draw::draw(&solid, self.side, item.image());
        let place = self.shelf.kinds.iter().position(|kind| *kind == solid.kind);
        let kind = place.map_or(0, |place| place as i64);
        item.label(kind);
        item.set("kind", kind);
        let has_height = solid.kind != solid::Kind::Torus;
        for (name, value, known) in [
            ("width", solid.width, true),
            ("height", solid.height, has_height),
            ("depth", solid.depth, true),
            ("rotation", solid.rotation, true),
            ("legs", solid.legs, solid.kind.has_legs()),
            ("back", solid.back, solid.kind.has_back()),
            ("thickness", solid.thickness, solid.kind.has_thickness()),
        ] {
            match known {
                true => item.set_real(name, value),
                false => item.unknown(name),
            }
        }
        item.set("combination", i64::from(self.shelf.is_held_out(&solid)));
        Ok(())
    }
}

export_plugin! { datasets: [Solids] }
