# One recipe for each task. CI runs the same commands through tests/all.

# List the recipes.
default:
    @just --list --unsorted

# Format everything.
fmt:
    cargo fmt --all

# Judge formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Run the tests: `just test -p scheduling-core`. A counterpart you do not have: KALENDS_TEST_WITHOUT=browser just test
test *args:
    {{ if args == "" { "cargo test --workspace --all-features" } else { "cargo test --all-features " + args } }}

# Run the storage tests and the races on a private PostgreSQL.
test-postgres:
    KALENDS_TEST_POSTGRES=$(tests/postgres start) cargo test --workspace --all-features postgres

# Book in a real browser.
browser:
    bash tests/all needs counterparts
    cargo build -p scheduling-api
    cargo test -p scheduling-tests browser

# Hold the API's answers to its description, and run the guide's examples.
api:
    bash tests/all needs counterparts
    cargo build -p scheduling-api
    cargo test -p scheduling-tests openapi
    cargo test -p scheduling-tests guide

# Check the scenario files.
conformance:
    cargo run -q -- slots --check tests/conformance/slots/*.jsonl
    cargo run -q -- rotation --check tests/conformance/rotation/*.jsonl

# Time the slot engine.
bench *args:
    cargo bench -p scheduling-core {{ args }}

# Review changed snapshots of pages, mails and documents (cargo install cargo-insta).
snapshots:
    cargo insta review

# Write the generated references. The tests fail where one is out of step.
generate:
    cargo run -q -- config reference > docs/reference/configuration.md
    cargo run -q -- problems > docs/reference/problems.md
    cargo run -q -- openapi > docs/reference/openapi.json
    cargo run -q -- cli-reference > docs/reference/cli.md

# Fail if a generated reference is out of step.
check-generated:
    cargo test -p scheduling-api in_step

# Judge the dependencies.
deny:
    cargo deny check bans licenses sources

# Build the book (cargo install mdbook).
docs:
    mdbook build

# Start the server.
run *args:
    cargo run -- serve {{ args }}

# Start a demo workspace.
demo *args:
    cargo run --release -- demo {{ args }}

# Start a worker of its own, beside `kalends serve --no-worker`.
worker *args:
    cargo run -- worker {{ args }}

# Bring the database up to date.
migrate *args:
    cargo run -- migrate {{ args }}

# Everything that CI runs.
ci:
    bash tests/all
