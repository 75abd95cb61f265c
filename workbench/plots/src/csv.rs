use crate::{BarChart, Error, Figure, ImageGrid, LineChart, Scatter};

/// The numbers behind a figure, with a header line (RFC 4180, lines end with \n).
pub(crate) fn table(figure: &Figure) -> Result<String, Error> {
    match figure {
        Figure::Lines(chart) => Ok(lines(chart)),
        Figure::Scatter(scatter) => points(scatter),
        Figure::Images(grid) => pixels(grid),
        Figure::Bars(chart) => Ok(bars(chart)),
    }
}

fn lines(chart: &LineChart) -> String {
    let mut table = String::from("line,x,y\n");
    for line in &chart.lines {
        for (x, y) in &line.points {
            table.push_str(&format!("{},{x},{y}\n", field(&line.label)));
        }
    }
    table
}

fn points(scatter: &Scatter) -> Result<String, Error> {
    scatter.check()?;
    let mut table = String::from("x,y");
    if let Some(classes) = &scatter.classes {
        let what = if classes.what.is_empty() { "class" } else { &classes.what };
        table.push_str(&format!(",{}", field(what)));
    }
    if let Some(values) = &scatter.values {
        table.push_str(&format!(",{}", field(&values.name)));
    }
    table.push('\n');
    for (i, [x, y]) in scatter.points.iter().enumerate() {
        table.push_str(&format!("{x},{y}"));
        if let Some(classes) = &scatter.classes {
            table.push(',');
            table.push_str(&field(&classes.names[classes.of[i]]));
        }
        if let Some(values) = &scatter.values {
            table.push_str(&format!(",{}", values.of[i]));
        }
        table.push('\n');
    }
    Ok(table)
}

/// One line a pixel and channel.
fn pixels(grid: &ImageGrid) -> Result<String, Error> {
    let mut table = String::from("row,column,y,x,channel,value\n");
    for (index, picture) in grid.images.iter().enumerate() {
        picture.check(index)?;
        let (row, column) = (index / grid.columns.max(1), index % grid.columns.max(1));
        for (i, value) in picture.pixels.iter().enumerate() {
            let (pixel, channel) = (i / picture.channels, i % picture.channels);
            let (y, x) = (pixel / picture.width, pixel % picture.width);
            table.push_str(&format!("{row},{column},{y},{x},{channel},{value}\n"));
        }
    }
    Ok(table)
}

fn bars(chart: &BarChart) -> String {
    let mut table = String::from("label,value\n");
    for (label, value) in &chart.bars {
        table.push_str(&format!("{},{value}\n", field(label)));
    }
    table
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Classes, Line, Picture};

    #[test]
    fn each_kind_has_its_table() {
        let chart = LineChart {
            lines: vec![Line {
                label: "recon, \"train\"".into(),
                points: vec![(1.0, 0.5), (2.0, f64::NAN)],
                ..Line::default()
            }],
            ..LineChart::default()
        };
        let expected = "line,x,y\n\"recon, \"\"train\"\"\",1,0.5\n\"recon, \"\"train\"\"\",2,NaN\n";
        assert_eq!(table(&Figure::Lines(chart)).unwrap(), expected);

        let classes = Some(Classes {
            of: vec![1],
            names: vec!["a".into(), "b".into()],
            ..Classes::default()
        });
        let scatter = Scatter { points: vec![[1.5, -2.0]], classes, ..Scatter::default() };
        assert_eq!(table(&Figure::Scatter(scatter.clone())).unwrap(), "x,y,class\n1.5,-2,b\n");
        let plain = Scatter { classes: None, ..scatter };
        assert_eq!(table(&Figure::Scatter(plain)).unwrap(), "x,y\n1.5,-2\n");

        let picture = Picture { width: 1, height: 2, channels: 1, pixels: vec![7, 8] };
        let grid = ImageGrid {
            rows: 1,
            columns: 2,
            images: vec![picture.clone(), picture],
            ..ImageGrid::default()
        };
        let expected =
            "row,column,y,x,channel,value\n0,0,0,0,0,7\n0,0,1,0,0,8\n0,1,0,0,0,7\n0,1,1,0,0,8\n";
        assert_eq!(table(&Figure::Images(grid)).unwrap(), expected);

        let chart = BarChart { bars: vec![("z₁".into(), 0.25)], ..BarChart::default() };
        assert_eq!(table(&Figure::Bars(chart)).unwrap(), "label,value\nz₁,0.25\n");
    }
}
