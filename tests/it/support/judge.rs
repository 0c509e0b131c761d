//! Answers held to the server's own description.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::{counterpart, place};

/// Answers that were noted, and the description that they must satisfy.
pub(crate) struct Judge {
    document: Value,
    noted: Vec<Value>,
}

impl Judge {
    /// Judges by what the server says at `/openapi.json`.
    pub(crate) async fn of(api: &Api) -> Self {
        let document = api.get("/openapi.json").await.expect(200).body;
        Self {
            document,
            noted: Vec::new(),
        }
    }

    /// Notes an answer of an operation, such as `GET /api/v1/me`, and hands it back.
    pub(crate) fn note(&mut self, operation: &str, answer: Answer) -> Answer {
        self.noted.push(json!({
            "operation": operation,
            "status": answer.status.as_u16(),
            "media_type": answer.media_type,
            "body": answer.body,
        }));
        answer
    }

    /// All operations of the description.
    pub(crate) fn operations(&self) -> BTreeSet<String> {
        let mut operations = BTreeSet::new();
        for (path, item) in self.document["paths"].as_object().expect("it has paths") {
            let methods = item.as_object().expect("a path has methods").keys();
            operations.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
        }
        operations
    }

    /// Asserts that everything noted is as described, unless it is done without Python.
    pub(crate) fn assert_described(&self) {
        let Some(python) = counterpart::python() else {
            return;
        };
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (document, answers) = (
            folder.path().join("document.json"),
            folder.path().join("answers.jsonl"),
        );
        let lines: Vec<String> = self.noted.iter().map(Value::to_string).collect();
        fs::write(&document, self.document.to_string()).expect("the folder can be written to");
        fs::write(&answers, lines.join("\n")).expect("the folder can be written to");
        let output = Command::new(python)
            .arg(place::root().join("tests/counterparts/openapi_judge.py"))
            .args([&document, &answers])
            .output()
            .expect("Python runs");
        assert!(
            output.status.success() && !self.noted.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
