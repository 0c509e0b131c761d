//! Numbers that are worth knowing and nothing to assert.

use std::fs::File;
use std::io::Write as _;

use super::place;

/// Notes a measured value. Tests that pass print nothing, so it also goes to `measured.txt` in the build's folder, which
/// `tests/all` shows at the end.
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
    let file = place::profile_folder().join("measured.txt");
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(file)
        .expect("the build's folder can be written to");
    writeln!(file, "{line}").expect("the disk has room for a line");
}
