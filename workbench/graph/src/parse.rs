//! Ops by name and attributes, as they come over the plugin ABI.

use std::collections::BTreeMap;

use crate::{Binary, ConvGeometry, DType, Distribution, Op, Pooling, Reduction, Unary, Window};

/// An op's attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
}

/// True where [`op_from_name`] knows the name.
pub fn supports(name: &str) -> bool {
    const OTHERS: [&str; 21] = [
        "const",
        "rand",
        "iota",
        "select",
        "reshape",
        "permute",
        "broadcast",
        "slice",
        "concat",
        "pad",
        "cast",
        "matmul",
        "conv",
        "conv_transpose",
        "cumsum",
        "argmax",
        "argsort",
        "gather",
        "take",
        "upsample",
        "stop_gradient",
    ];
    OTHERS.contains(&name)
        || Unary::from_name(name).is_some()
        || Binary::from_name(name).is_some()
        || Reduction::from_name(name).is_some()
        || Pooling::from_name(name).is_some()
}

/// The op of this name in opset 1. `rank` is that of the first operand: it says how many spatial
/// axes a convolution or a pool has, and so how long its defaults are.
///
/// # Errors
/// An unknown op, a missing, unknown or ill-typed attribute.
pub fn op_from_name(name: &str, attributes: &Attributes, rank: usize) -> Result<Op, String> {
    let mut reader = Reader { attributes, known: Vec::new() };
    let op = if let Some(unary) = Unary::from_name(name) {
        Op::Unary(unary)
    } else if let Some(binary) = Binary::from_name(name) {
        Op::Binary(binary)
    } else if let Some(reduction) = Reduction::from_name(name) {
        Op::Reduce {
            reduction,
            axes: reader.sizes("axes")?,
            keepdim: reader.size_or("keepdim", 0)? != 0,
        }
    } else if let Some(pooling) = Pooling::from_name(name) {
        Op::Pool { pooling, window: window(&mut reader, rank)? }
    } else {
        other(name, &mut reader, rank)?
    };
    match attributes.keys().find(|key| !reader.known.contains(&key.as_str())) {
        Some(unknown) => Err(format!("has no attribute `{unknown}`")),
        None => Ok(op),
    }
}

fn other(name: &str, reader: &mut Reader, rank: usize) -> Result<Op, String> {
    Ok(match name {
        "const" => Op::Const(reader.float("value")?),
        "rand" => Op::Rand(match reader.text("distribution")? {
            "normal" => Distribution::Normal,
            "uniform" => Distribution::Uniform,
            other => return Err(format!("there is no distribution `{other}`")),
        }),
        "iota" => Op::Iota { axis: reader.size("axis")? },
        "select" => Op::Select,
        "reshape" => Op::Reshape,
        "permute" => Op::Permute { axes: reader.sizes("axes")? },
        "broadcast" => Op::Broadcast,
        "slice" => Op::Slice {
            axis: reader.size("axis")?,
            start: reader.size("start")?,
            length: reader.size("length")?,
        },
        "concat" => Op::Concat { axis: reader.size("axis")? },
        "pad" => Op::Pad {
            axis: reader.size("axis")?,
            before: reader.size_or("before", 0)?,
            after: reader.size_or("after", 0)?,
            value: reader.float_or("value", 0.0)?,
        },
        "cast" => Op::Cast(match reader.text("dtype")? {
            "u8" => DType::U8,
            "f32" => DType::F32,
            "i64" => DType::I64,
            other => return Err(format!("there is no dtype `{other}`")),
        }),
        "matmul" => Op::MatMul,
        "conv" => Op::Conv(geometry(reader, rank)?),
        "conv_transpose" => Op::ConvTranspose {
            geometry: geometry(reader, rank)?,
            out_pad: reader.sizes_or("out_pad", 0, rank.saturating_sub(2))?,
        },
        "cumsum" => Op::CumSum { axis: reader.size("axis")? },
        "argmax" => Op::ArgMax { axis: reader.size("axis")? },
        "argsort" => Op::ArgSort {
            axis: reader.size("axis")?,
            descending: reader.size_or("descending", 0)? != 0,
        },
        "gather" => Op::Gather { axis: reader.size("axis")? },
        "take" => Op::Take { axis: reader.size("axis")? },
        "upsample" => Op::Upsample { factors: reader.sizes_each("factors", rank)? },
        "stop_gradient" => Op::StopGradient,
        unknown => return Err(format!("this workbench has no op `{unknown}`")),
    })
}

fn geometry(reader: &mut Reader, rank: usize) -> Result<ConvGeometry, String> {
    let spatial = rank.saturating_sub(2);
    Ok(ConvGeometry {
        stride: reader.sizes_or("stride", 1, spatial)?,
        pad: reader.sizes_or("pad", 0, spatial)?,
        dilation: reader.sizes_or("dilation", 1, spatial)?,
        groups: reader.size_or("groups", 1)?,
    })
}

/// The stride is the kernel unless it is given.
fn window(reader: &mut Reader, rank: usize) -> Result<Window, String> {
    let kernel = reader.sizes_each("kernel", rank)?;
    let stride = match reader.get("stride") {
        Some(_) => reader.sizes_each("stride", rank)?,
        None => kernel.clone(),
    };
    Ok(Window { kernel, stride, pad: reader.sizes_or("pad", 0, rank.saturating_sub(2))? })
}

/// Reads attributes and remembers which the op knows.
struct Reader<'a> {
    attributes: &'a Attributes,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    fn get(&mut self, key: &'static str) -> Option<&'a Attribute> {
        self.known.push(key);
        self.attributes.get(key)
    }

    fn need(&mut self, key: &'static str) -> Result<&'a Attribute, String> {
        self.get(key).ok_or_else(|| format!("needs the attribute `{key}`"))
    }

    fn float(&mut self, key: &'static str) -> Result<f64, String> {
        match self.need(key)? {
            Attribute::Float(value) => Ok(*value),
            Attribute::Int(value) => Ok(*value as f64),
            other => Err(format!("`{key}` must be a number, not {other:?}")),
        }
    }

    fn float_or(&mut self, key: &'static str, default: f64) -> Result<f64, String> {
        match self.attributes.contains_key(key) {
            true => self.float(key),
            false => {
                self.known.push(key);
                Ok(default)
            }
        }
    }

    fn text(&mut self, key: &'static str) -> Result<&'a str, String> {
        match self.need(key)? {
            Attribute::Text(value) => Ok(value),
            other => Err(format!("`{key}` must be text, not {other:?}")),
        }
    }

    fn size(&mut self, key: &'static str) -> Result<usize, String> {
        size(key, self.need(key)?)
    }

    fn size_or(&mut self, key: &'static str, default: usize) -> Result<usize, String> {
        self.get(key).map_or(Ok(default), |value| size(key, value))
    }

    fn sizes(&mut self, key: &'static str) -> Result<Vec<usize>, String> {
        sizes(key, self.need(key)?)
    }

    /// Like [`Reader::sizes`]; one number stands for every spatial axis of an operand of this rank.
    fn sizes_each(&mut self, key: &'static str, rank: usize) -> Result<Vec<usize>, String> {
        self.need(key)?;
        self.sizes_or(key, 0, rank.saturating_sub(2))
    }

    fn sizes_or(
        &mut self,
        key: &'static str,
        default: usize,
        length: usize,
    ) -> Result<Vec<usize>, String> {
        match self.get(key) {
            // One number stands for every spatial axis.
            Some(Attribute::Int(value)) => Ok(vec![natural(key, *value)?; length]),
            Some(value) => sizes(key, value),
            None => Ok(vec![default; length]),
        }
    }
}

fn size(key: &str, value: &Attribute) -> Result<usize, String> {
    match value {
        Attribute::Int(value) => natural(key, *value),
        other => Err(format!("`{key}` must be a whole number, not {other:?}")),
    }
}

fn sizes(key: &str, value: &Attribute) -> Result<Vec<usize>, String> {
    match value {
        Attribute::Ints(values) => values.iter().map(|value| natural(key, *value)).collect(),
        other => Err(format!("`{key}` must be whole numbers, not {other:?}")),
    }
}

fn natural(key: &str, value: i64) -> Result<usize, String> {
    usize::try_from(value).map_err(|_| format!("`{key}` is {value}, and must not be negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, Attribute)]) -> Attributes {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
    }

    #[test]
    fn every_name_is_supported_and_parses_back() {
        let axes = attributes(&[("axes", Attribute::Ints(vec![0]))]);
        for unary in Unary::ALL {
            assert!(supports(unary.name()));
            assert_eq!(op_from_name(unary.name(), &Attributes::new(), 1), Ok(Op::Unary(*unary)));
        }
        for reduction in Reduction::ALL {
            let op = op_from_name(reduction.name(), &axes, 1).unwrap();
            assert_eq!(op.name(), reduction.name());
        }
        for pooling in Pooling::ALL {
            let kernel = attributes(&[("kernel", Attribute::Int(3))]);
            assert!(supports(pooling.name()));
            let op = op_from_name(pooling.name(), &kernel, 4).unwrap();
            let window = Window { kernel: vec![3; 2], stride: vec![3; 2], pad: vec![0; 2] };
            assert_eq!(op, Op::Pool { pooling: *pooling, window });
        }
        let axis = attributes(&[("axis", Attribute::Int(1))]);
        for name in ["cumsum", "argmax", "argsort", "gather", "take"] {
            assert!(supports(name));
            assert_eq!(op_from_name(name, &axis, 2).unwrap().name(), name);
            assert!(op_from_name(name, &Attributes::new(), 2).is_err());
        }
        let factors = attributes(&[("factors", Attribute::Ints(vec![2, 3]))]);
        let upsample = Op::Upsample { factors: vec![2, 3] };
        assert_eq!(op_from_name("upsample", &factors, 4), Ok(upsample));
        assert!(supports("upsample"));
        assert!(!supports("fft"));
        assert_eq!(
            op_from_name("fft", &Attributes::new(), 1),
            Err("this workbench has no op `fft`".into())
        );
    }

    #[test]
    fn attributes_are_checked_by_name_and_type() {
        let wrong = attributes(&[("axes", Attribute::Text("0".into()))]);
        assert!(op_from_name("sum", &wrong, 1).is_err());
        let unknown =
            attributes(&[("axes", Attribute::Ints(vec![0])), ("axis", Attribute::Int(0))]);
        assert_eq!(op_from_name("sum", &unknown, 1), Err("has no attribute `axis`".into()));
        let negative = attributes(&[("stride", Attribute::Int(-1))]);
        assert!(op_from_name("conv", &negative, 4).is_err());
    }

    #[test]
    fn a_convolution_takes_one_number_or_one_an_axis() {
        let one = attributes(&[("stride", Attribute::Int(2))]);
        let each = attributes(&[("stride", Attribute::Ints(vec![2, 2]))]);
        assert_eq!(op_from_name("conv", &one, 4), op_from_name("conv", &each, 4));
    }
}
