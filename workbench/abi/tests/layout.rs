//! The C header and the Rust types are the same: sizes, offsets and constants, as the C compiler sees them.

use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::process::Command;

use workbench_abi as abi;

/// (C struct, its size in Rust, [(C field, its offset in Rust)]).
type Layout = (&'static str, usize, Vec<(&'static str, usize)>);

macro_rules! layout {
    ($c:literal, $rust:ty, $($cfield:literal = $field:ident),+ $(,)?) => {
        ($c, size_of::<$rust>(), vec![$(($cfield, offset_of!($rust, $field))),+])
    };
}

fn layouts() -> Vec<Layout> {
    vec![
        layout!("wb_str", abi::Str, "ptr" = ptr, "len" = len),
        layout!("wb_loc", abi::Loc, "file" = file, "line" = line, "column" = column),
        layout!("wb_shape", abi::Shape, "rank" = rank, "dtype" = dtype, "dim" = dim),
        layout!(
            "wb_value",
            abi::Value,
            "type" = ty,
            "reserved" = reserved,
            "i" = i,
            "f" = f,
            "s" = s,
            "ints" = ints,
            "texts" = ints,
            "n_ints" = n_ints,
        ),
        layout!(
            "wb_param",
            abi::Param,
            "name" = name,
            "about" = about,
            "required" = required,
            "reserved" = reserved,
            "fallback" = fallback,
            "min" = min,
            "max" = max,
            "choices" = choices,
            "n_choices" = n_choices,
        ),
        layout!(
            "wb_host",
            abi::Host,
            "struct_size" = struct_size,
            "ctx" = ctx,
            "param" = param,
            "fail" = fail,
            "log" = log,
            "extension" = extension,
        ),
        layout!(
            "wb_field",
            abi::Field,
            "struct_size" = struct_size,
            "name" = name,
            "role" = role,
            "kind" = kind,
            "shape" = shape,
            "classes" = classes,
            "n_classes" = n_classes,
            "min" = min,
            "max" = max,
        ),
        layout!("wb_buffer", abi::Buffer, "data" = data, "bytes" = bytes),
        layout!(
            "wb_dataset",
            abi::Dataset,
            "struct_size" = struct_size,
            "name" = name,
            "about" = about,
            "params" = params,
            "n_params" = n_params,
            "param_size" = param_size,
            "open" = open,
            "close" = close,
            "field" = field,
            "length" = length,
            "read" = read,
        ),
        layout!(
            "wb_knob",
            abi::Knob,
            "name" = name,
            "about" = about,
            "fallback" = fallback,
            "min" = min,
            "max" = max,
        ),
        layout!("wb_init", abi::Init, "kind" = kind, "reserved" = reserved, "scale" = scale),
        layout!("wb_attr", abi::Attr, "name" = name, "value" = value),
        layout!(
            "wb_builder",
            abi::Builder,
            "struct_size" = struct_size,
            "ctx" = ctx,
            "opset" = opset,
            "reserved" = reserved,
            "input" = input,
            "knob" = knob,
            "param" = param,
            "op" = op,
            "mark" = mark,
            "shape" = shape,
            "supports" = supports,
            "enter" = enter,
            "leave" = leave,
            "fact" = fact,
            "buffer" = buffer,
            "update" = update,
        ),
        layout!(
            "wb_architecture",
            abi::Architecture,
            "struct_size" = struct_size,
            "name" = name,
            "about" = about,
            "params" = params,
            "n_params" = n_params,
            "param_size" = param_size,
            "knobs" = knobs,
            "n_knobs" = n_knobs,
            "knob_size" = knob_size,
            "build" = build,
        ),
        layout!(
            "wb_plugin",
            abi::Plugin,
            "magic" = magic,
            "struct_size" = struct_size,
            "major" = major,
            "minor" = minor,
            "name" = name,
            "version" = version,
            "datasets" = datasets,
            "n_datasets" = n_datasets,
            "architectures" = architectures,
            "n_architectures" = n_architectures,
        ),
    ]
}

fn constants() -> Vec<(&'static str, u64)> {
    vec![
        ("WB_MAGIC", abi::MAGIC),
        ("WB_MAJOR", abi::MAJOR.into()),
        ("WB_MINOR", abi::MINOR.into()),
        ("WB_OPSET", abi::OPSET.into()),
        ("WB_MAX_RANK", abi::MAX_RANK as u64),
        ("WB_OK", abi::OK as u64),
        ("WB_ERR", abi::ERR as u64),
        ("WB_PANIC", abi::PANIC as u64),
        ("WB_UNSUPPORTED", abi::UNSUPPORTED as u64),
        ("WB_U8", abi::U8.into()),
        ("WB_F32", abi::F32.into()),
        ("WB_I64", abi::I64.into()),
        ("WB_BOOL", abi::BOOL.into()),
        ("WB_INT", abi::INT.into()),
        ("WB_FLOAT", abi::FLOAT.into()),
        ("WB_TEXT", abi::TEXT.into()),
        ("WB_PATH", abi::PATH.into()),
        ("WB_INTS", abi::INTS.into()),
        ("WB_TEXTS", abi::TEXTS.into()),
        ("WB_DEBUG", abi::DEBUG.into()),
        ("WB_INFO", abi::INFO.into()),
        ("WB_WARN", abi::WARN.into()),
        ("WB_ROLE_IMAGE", abi::ROLE_IMAGE.into()),
        ("WB_ROLE_LABEL", abi::ROLE_LABEL.into()),
        ("WB_ROLE_ATTRIBUTE", abi::ROLE_ATTRIBUTE.into()),
        ("WB_ROLE_CAPTION", abi::ROLE_CAPTION.into()),
        ("WB_ROLE_VOLUME", abi::ROLE_VOLUME.into()),
        ("WB_ROLE_CLIP", abi::ROLE_CLIP.into()),
        ("WB_BINARY", abi::BINARY.into()),
        ("WB_CATEGORICAL", abi::CATEGORICAL.into()),
        ("WB_ORDINAL", abi::ORDINAL.into()),
        ("WB_REAL", abi::REAL.into()),
        ("WB_INIT_CONSTANT", abi::INIT_CONSTANT.into()),
        ("WB_INIT_NORMAL", abi::INIT_NORMAL.into()),
        ("WB_INIT_UNIFORM", abi::INIT_UNIFORM.into()),
        ("WB_MARK_OUTPUT", abi::MARK_OUTPUT.into()),
        ("WB_MARK_PORT", abi::MARK_PORT.into()),
        ("WB_MARK_LOSS", abi::MARK_LOSS.into()),
        ("WB_MARK_METRIC", abi::MARK_METRIC.into()),
    ]
}

#[test]
fn the_header_and_the_rust_types_agree() {
    let mut source =
        String::from("#include <stdio.h>\n#include \"workbench_plugin.h\"\nint main(void) {\n");
    let mut expected = String::new();
    for (name, size, fields) in layouts() {
        let _ = writeln!(source, "printf(\"{name} %zu\\n\", sizeof({name}));");
        let _ = writeln!(expected, "{name} {size}");
        for (field, offset) in fields {
            let _ =
                writeln!(source, "printf(\"{name}.{field} %zu\\n\", offsetof({name}, {field}));");
            let _ = writeln!(expected, "{name}.{field} {offset}");
        }
    }
    for (name, value) in constants() {
        let _ = writeln!(source, "printf(\"{name} %llu\\n\", (unsigned long long){name});");
        let _ = writeln!(expected, "{name} {value}");
    }
    source.push_str("return 0;\n}\n");
    assert_eq!(compile_and_run(&source), expected);
}

#[test]
fn every_struct_and_constant_of_the_header_is_compared() {
    let header = include_str!("../include/workbench_plugin.h");
    let known: Vec<&str> = layouts().iter().map(|(name, ..)| *name).collect();
    for line in header.lines() {
        if let Some(name) = line.strip_prefix("typedef struct ") {
            let name = name.trim_end_matches(" {");
            assert!(known.contains(&name), "{name} is not compared");
        }
    }
    let constants: Vec<&str> = constants().iter().map(|(name, _)| *name).collect();
    for word in header.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        let macros = ["WB_EXPORT", "WB_STR", "WB_HERE"];
        let is_constant = word.starts_with("WB_") && !macros.contains(&word);
        assert!(!is_constant || constants.contains(&word), "{word} is not compared");
    }
}

fn compile_and_run(source: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (file, program) = (dir.path().join("layout.c"), dir.path().join("layout"));
    std::fs::write(&file, source).unwrap();
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
    let compiled = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I", include, "-o"])
        .args([&program, &file])
        .output()
        .expect("cc, which Rust links with too");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    String::from_utf8(Command::new(program).output().unwrap().stdout).unwrap()
}
