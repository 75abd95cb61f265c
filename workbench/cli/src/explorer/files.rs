//! What is saved of an exploration: pictures, and the codes behind them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use workbench_dashboard::explore::{Code, Origin, Work};
use workbench_engine::Array;
use workbench_plots::{Figure, ImageGrid};
use workbench_runs::{Attribute, RunDir, durable};

use crate::console::json_number;
use crate::figures::pictures;

/// Where files go. Each save has a number: 0001.png, 0001-strip.png, 0001.json, 0001.csv.
pub struct Folder {
    run: RunDir,
    output: Option<PathBuf>,
}

/// What numbers of codes are called.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    pub classes: &'a [String],
    /// The attributes that the model is told.
    pub told: &'a [Attribute],
}

impl Folder {
    pub fn new(run: &RunDir, output: Option<PathBuf>) -> Folder {
        Folder { run: run.clone(), output }
    }

    /// Writes what there is, and tells the paths.
    pub fn save(
        &self,
        work: &Work,
        names: Names,
        picture: &Array,
        strip: Option<&Array>,
    ) -> Result<Vec<PathBuf>, String> {
        let folder = self.make()?;
        let json = self.json(work, names).to_string() + "\n";
        let number = claim(&folder, json.as_bytes())?;
        let path = |end: &str| folder.join(format!("{number:04}{end}"));
        let mut written = Vec::new();
        if let Some(picture) = pictures(picture).first() {
            picture.save_png(&path(".png")).map_err(|error| error.to_string())?;
            written.push(path(".png"));
        }
        if let Some(strip) = strip {
            let figure = strip_figure(work, strip);
            figure.save_png(&path("-strip.png")).map_err(|error| error.to_string())?;
            written.push(path("-strip.png"));
        }
        durable::write(&path(".csv"), csv(work, names).as_bytes())
            .map_err(|error| error.to_string())?;
        written.extend([path(".json"), path(".csv")]);
        Ok(written)
    }

    fn make(&self) -> Result<PathBuf, String> {
        let (folder, made) = match &self.output {
            Some(output) => (output.clone(), durable::make_dir(output)),
            None => {
                let folder = self.run.path().join("explore");
                let made = durable::make_dir_in_place(&folder);
                (folder, made)
            }
        };
        made.map(|()| folder).map_err(|error| error.to_string())
    }

    fn json(&self, work: &Work, names: Names) -> Value {
        let origin = match work.origin {
            Origin::Zero => json!({"kind": "zero"}),
            Origin::Test(item) => json!({"kind": "test", "item": item}),
            Origin::Draw { draw, from } => {
                json!({"kind": "draw", "draw": draw, "from": from.name()})
            }
            Origin::Point { step, point } => json!({"kind": "point", "step": step, "point": point}),
            Origin::Between { place, of } => json!({"kind": "between", "place": place, "of": of}),
        };
        let code = |code: &Code| {
            let z: Vec<Value> = code.z.iter().map(|&x| json_number(x)).collect();
            let mut described = json!({"class": class(code, names.classes), "z": z});
            if let (Value::Object(described), false) = (&mut described, names.told.is_empty()) {
                described.insert("attributes".to_owned(), attributes(code, names.told));
            }
            described
        };
        let mut document = json!({
            "run": self.run.name(),
            "checkpoint": work.step,
            "origin": origin,
            "strip": work.strip.iter().map(code).collect::<Vec<_>>(),
        });
        let picture = code(&work.code);
        if let (Value::Object(document), Value::Object(picture)) = (&mut document, picture) {
            document.extend(picture);
        }
        document
    }
}

fn class<'a>(code: &Code, classes: &'a [String]) -> Option<&'a str> {
    classes.get(code.class?).map(String::as_str)
}

/// Each attribute by its name, null where it is not known.
fn attributes(code: &Code, told: &[Attribute]) -> Value {
    let value = |(attribute, value): (&Attribute, &Option<f32>)| {
        let value = match value {
            Some(value) if attribute.is_real() => json_number(*value),
            Some(value) => json!(attribute.show(*value)),
            None => Value::Null,
        };
        (attribute.name.clone(), value)
    };
    Value::Object(told.iter().zip(&code.told).map(value).collect())
}

/// Takes the next free number by writing its JSON file; two explorers never take the same.
fn claim(folder: &Path, json: &[u8]) -> Result<u32, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let number = |name: &std::ffi::OsStr| -> Option<u32> {
        name.to_str()?
            .get(..4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()
    };
    let taken = entries.flatten().filter_map(|entry| number(&entry.file_name())).max();
    for number in taken.unwrap_or(0) + 1..10_000 {
        let path = folder.join(format!("{number:04}.json"));
        if durable::create_new(&path, json).map_err(|error| error.to_string())? {
            return Ok(number);
        }
    }
    Err(format!("{} holds 9999 saves: give another folder with -o", folder.display()))
}

fn strip_figure(work: &Work, strip: &Array) -> Figure {
    let images = pictures(strip);
    Figure::Images(ImageGrid {
        title: format!("From one code to another, step {}", work.step),
        rows: 1,
        columns: images.len(),
        images,
        ..ImageGrid::default()
    })
}

/// The codes: of the picture, then from one end of the strip to the other.
fn csv(work: &Work, names: Names) -> String {
    let dims = work.code.z.len();
    let mut text = "of,place,class".to_owned();
    let quoted = |name: &str| match name.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    };
    names.told.iter().for_each(|attribute| text += &format!(",{}", quoted(&attribute.name)));
    (1..=dims).for_each(|dim| text += &format!(",z{dim}"));
    let mut row = |of: &str, place: usize, code: &Code| {
        let class = class(code, names.classes).map(quoted).unwrap_or_default();
        text += &format!("\n{of},{place},{class}");
        for (attribute, value) in names.told.iter().zip(&code.told) {
            let value = value.map(|value| quoted(&attribute.show(value))).unwrap_or_default();
            text += &format!(",{value}");
        }
        code.z.iter().for_each(|x| text += &format!(",{x}"));
    };
    row("picture", 0, &work.code);
    work.strip.iter().enumerate().for_each(|(place, code)| row("strip", place, code));
    text + "\n"
}

#[cfg(test)]
mod tests {
    use workbench_runs::AttributeKind;

    use super::*;

    fn work() -> Work {
        let code = |z: [f32; 2], class| Code { z: z.to_vec(), class, told: vec![Some(1.0)] };
        Work {
            step: 9,
            code: code([0.1, -2.0], Some(1)),
            origin: Origin::Test(3),
            strip: vec![code([0.0, 0.0], Some(0)), code([1.0, 1.5], Some(1))],
        }
    }

    #[test]
    fn the_table_has_a_row_for_every_code() {
        let classes = ["a, b".to_owned(), "c".to_owned()];
        let names = Names { classes: &classes, told: &[] };
        assert_eq!(
            csv(&work(), names),
            "of,place,class,z1,z2\npicture,0,c,0.1,-2\nstrip,0,\"a, b\",0,0\nstrip,1,c,1,1.5\n"
        );
        let hair = Attribute {
            name: "hair".into(),
            kind: AttributeKind::Binary,
            values: vec!["no".into(), "yes, long".into()],
            range: None,
        };
        let told = [hair];
        let table = csv(&work(), Names { classes: &[], told: &told });
        let head = "of,place,class,hair,z1,z2\npicture,0,,\"yes, long\",0.1,-2\n";
        assert!(table.starts_with(head), "{table}");
        assert_eq!(attributes(&work().code, &told), json!({"hair": "yes, long"}));
    }

    #[test]
    fn saves_are_numbered_and_none_is_written_over() {
        let place = std::env::temp_dir().join(format!("workbench-explorer-{}", std::process::id()));
        let run = RunDir::create(&place, "one").unwrap();
        let folder = Folder::new(&run, None);
        let none = Names { classes: &[], told: &[] };
        let grey = |n| Array { shape: vec![n, 1, 2, 2], data: vec![0.5; n * 4] };
        let first = folder.save(&work(), none, &grey(1), Some(&grey(2))).unwrap();
        let names = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(&first), ["0001.png", "0001-strip.png", "0001.json", "0001.csv"]);
        assert!(first.iter().all(|path| path.is_file() && path.starts_with(run.path())));
        let second =
            folder.save(&Work { strip: Vec::new(), ..work() }, none, &grey(1), None).unwrap();
        assert_eq!(names(&second), ["0002.png", "0002.json", "0002.csv"]);
        let read: Value = serde_json::from_slice(&std::fs::read(&first[2]).unwrap()).unwrap();
        assert_eq!(read["z"], json!([0.1, -2.0]));
        assert_eq!((&read["origin"]["item"], &read["checkpoint"]), (&json!(3), &json!(9)));
        assert_eq!(read["strip"][1]["z"], json!([1.0, 1.5]));
        std::fs::remove_dir_all(&place).unwrap();
    }
}
