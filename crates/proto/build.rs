//! Compiles `proto/` into `OUT_DIR`: no protoc and no generated code in the tree.
//!
//! Three things are decided here, for all messages alike:
//! - the messages of every `...orders.proto` get serde, as the strict subset of proto3 JSON that
//!   `docs/formats.md` section 4 asks for: lowerCamelCase names, absent members are defaults,
//!   unknown members refused;
//! - no message shows its content in `Debug`, since messages carry keys and persons' identifiers;
//! - the descriptor set is kept, imports and comments included, for reflection and the edge.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

const SERDE: &str = "#[derive(::serde::Serialize, ::serde::Deserialize)]\n\
                     #[serde(rename_all = \"camelCase\", deny_unknown_fields, default)]";
const ABSENT: &str = "#[serde(skip_serializing_if = \"Option::is_none\")]";

fn main() -> Result<(), Box<dyn Error>> {
    // Relative to the package, where cargo runs this: a path of the checkout that compiled this script would
    // stay in it, and lead another checkout with the same target folder astray.
    let protos = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", protos.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut files = Vec::new();
    find_protos(protos, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([protos])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(files)?;
    // Encoded by the compiler, not by prost: re-encoding loses extension options.
    fs::write(out.join("kleis.fds"), compiler.encode_file_descriptor_set())?;

    let set = compiler.file_descriptor_set();
    let ours: Vec<_> = set
        .file
        .iter()
        .filter(|f| f.package().starts_with("kleis."))
        .collect();
    write_debug(&out, &ours)?;

    let mut builder = tonic_prost_build::configure();
    for file in ours {
        builder = builder.skip_debug(file.message_type.iter().map(|m| path(file, m)));
        if file.name().ends_with("orders.proto") {
            builder = add_serde(builder, file)?;
        }
    }
    Ok(builder.compile_fds(set)?)
}

/// Collects the `.proto` files below a directory.
fn find_protos(directory: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            find_protos(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

/// The full name of a top-level message, with a leading dot.
fn path(file: &FileDescriptorProto, message: &DescriptorProto) -> String {
    format!(".{}.{}", file.package(), message.name())
}

/// Gives the messages of a file serde, and refuses those that proto3 JSON writes otherwise than
/// serde does (64-bit integers and bytes are text there, enumerations have names, and so on).
fn add_serde(
    mut builder: tonic_prost_build::Builder,
    file: &FileDescriptorProto,
) -> Result<tonic_prost_build::Builder, String> {
    for message in &file.message_type {
        let path = path(file, message);
        if !message.nested_type.is_empty() || !message.enum_type.is_empty() {
            return Err(format!("{path}: nested types have no place in an order"));
        }
        for field in &message.field {
            let same_json = matches!(
                field.r#type(),
                Type::String | Type::Bool | Type::Uint32 | Type::Int32 | Type::Message
            );
            if !same_json || (field.oneof_index.is_some() && !field.proto3_optional()) {
                let name = field.name();
                return Err(format!(
                    "{path}.{name}: use text, bool, uint32 or a message"
                ));
            }
            if is_option(field) {
                builder = builder.field_attribute(format!("{path}.{}", field.name()), ABSENT);
            }
        }
        builder = builder.message_attribute(path, SERDE);
    }
    Ok(builder)
}

/// Whether prost makes the field an `Option`.
fn is_option(field: &FieldDescriptorProto) -> bool {
    let single = field.label() != Label::Repeated;
    single && (field.proto3_optional() || field.r#type() == Type::Message)
}

/// Writes `PACKAGE.debug.rs`: a `Debug` for every message and oneof that shows the name alone.
fn write_debug(out: &Path, files: &[&FileDescriptorProto]) -> Result<(), Box<dyn Error>> {
    let mut packages: Vec<_> = files.iter().map(|f| f.package()).collect();
    packages.sort_unstable();
    packages.dedup();
    for package in packages {
        let mut code = String::new();
        let messages = files.iter().filter(|f| f.package() == package);
        for message in messages.flat_map(|f| &f.message_type) {
            let name = message.name();
            debug_impl(&mut code, name, name)?;
            for (index, oneof) in message.oneof_decl.iter().enumerate() {
                let index = i32::try_from(index)?;
                let real = |f: &&FieldDescriptorProto| !f.proto3_optional();
                if message
                    .field
                    .iter()
                    .filter(real)
                    .any(|f| f.oneof_index == Some(index))
                {
                    let rust = format!("{}::{}", snake_case(name), camel_case(oneof.name()));
                    debug_impl(&mut code, &rust, name)?;
                }
            }
        }
        fs::write(out.join(format!("{package}.debug.rs")), code)?;
    }
    Ok(())
}

fn debug_impl(code: &mut String, rust: &str, shown: &str) -> std::fmt::Result {
    write!(
        code,
        "impl ::core::fmt::Debug for {rust} {{\n    \
             fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
                 f.write_str(\"{shown}(..)\")\n    }}\n}}\n"
    )
}

/// `LookupResponse` as the name of its module, `lookup_response`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `some_result` as the name of a type, `SomeResult`.
fn camel_case(name: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_')
        .filter(|word| !word.is_empty())
        .map(capital)
        .collect()
}
