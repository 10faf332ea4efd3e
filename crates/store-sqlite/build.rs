//! Builds again when a migration or the description of a statement changes.

fn main() {
    for watched in ["../../migrations/sqlite", ".sqlx"] {
        println!("cargo::rerun-if-changed={watched}");
    }
}
