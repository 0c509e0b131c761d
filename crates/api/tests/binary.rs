//! The binary itself. (That it is tested here is why `cargo test` builds it, which the journeys need.)

use std::process::Command;

fn kalends(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kalends"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("the binary runs");
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(printed).expect("it prints text"),
    )
}

#[test]
fn it_ends_with_0_when_all_is_well_1_when_it_failed_and_2_when_it_was_not_understood() {
    let (code, version) = kalends(&["--version"]);
    assert_eq!(
        (code, version.trim()),
        (Some(0), concat!("kalends ", env!("CARGO_PKG_VERSION")))
    );
    let (code, complaint) = kalends(&["slots", "--check", "/no/such/file"]);
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("/no/such/file"), "{complaint}");
    let (code, complaint) = kalends(&["frobnicate"]);
    assert_eq!(code, Some(2), "{complaint}");
    assert!(complaint.contains("frobnicate"), "{complaint}");
}

#[test]
fn whoever_only_looks_makes_no_database() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().to_str().expect("a path in text");
    for command in ["verify", "doctor"] {
        let (code, said) = kalends(&[command, "--data", data]);
        assert_eq!(code, Some(1), "{command}: {said}");
        assert!(
            said.to_lowercase().contains("there is no database at"),
            "{command}: {said}"
        );
    }
    assert!(!folder.path().join("kalends.db").exists());
}
