//! Landscapes made from factors that are known: season, sun, clouds, mountains, sea, river and town.

mod draw;
mod scene;

use scene::Scene;
use workbench_sdk::Random;
use workbench_sdk::prelude::*;

struct Landscapes {
    side: usize,
    items: u64,
    test_items: u64,
    chance: bool,
    seed: u64,
}

impl Dataset for Landscapes {
    const NAME: &str = "landscapes";
    const ABOUT: &str = "Landscapes by season, sun, clouds, mountains, sea, river and town, each of them an attribute.";
    const PARAMS: &[Param] = &[
        param::int("side", "Pixels a side.", 64).range(16, 256),
        param::int("items", "Training items.", 8192).range(1, 1 << 31),
        param::int("test_items", "Test items.", 1024).range(1, 1 << 31),
        param::bool(
            "chance",
            "Ridges, clouds, houses and trees differ from one picture to the next; else the factors are all that differs.",
            true,
        ),
        param::int("seed", "Another seed draws other landscapes.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<Landscapes> {
        Ok(Landscapes {
            side: config.get("side")?,
            items: config.get("items")?,
            test_items: config.get("test_items")?,
            chance: config.get("chance")?,
            seed: config.get("seed")?,
        })
    }

    fn fields(&self) -> Vec<Field> {
        let yes_no = |name| Field::attribute(name, Kind::Binary, &["no", "yes"]);
        vec![
            Field::image(3, self.side, self.side),
            Field::label(&scene::SEASONS),
            Field::attribute("season", Kind::Categorical, &scene::SEASONS),
            Field::real("sun height"),
            Field::real("sun place"),
            Field::attribute("clouds", Kind::Ordinal, &scene::CLOUDS),
            Field::real("mountains"),
            yes_no("sea"),
            yes_no("river"),
            yes_no("town"),
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
        let mut random = Random::new(self.seed, u64::from(split == "test"), index);
        let scene = Scene::any(&mut random);
        // What no factor tells of comes from a stream of its own: the item's, or one for all of them.
        let chance = if self.chance { random } else { Random::new(self.seed, 2, 0) };
        draw::draw(&scene, chance, self.side, item.image());
        item.label(scene.season as i64);
        item.set("season", scene.season as i64);
        item.set_real("sun height", scene.sun_height);
        item.set_real("sun place", scene.sun_place);
        item.set("clouds", scene.clouds as i64);
        item.set_real("mountains", scene.mountains);
        item.set("sea", i64::from(scene.sea));
        item.set("river", i64::from(scene.river));
        item.set("town", i64::from(scene.town));
        Ok(())
    }
}

export_plugin! { datasets: [Landscapes] }
