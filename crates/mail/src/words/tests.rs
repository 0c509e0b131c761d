use scheduling_core::effect::NotificationKind;
use scheduling_core::notification::Audience;

use super::*;

fn sample() -> Notification {
    samples()
        .into_iter()
        .find(|sample| {
            sample.kind == NotificationKind::Requested && sample.audience == Audience::Host
        })
        .unwrap()
}

#[test]
fn the_table_of_variables_is_what_there_is() {
    let values = variables::values(&sample());
    let mut there_is: Vec<String> = values
        .try_iter()
        .unwrap()
        .map(|key| key.to_string())
        .collect();
    let mut told: Vec<String> = VARIABLES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    there_is.sort();
    told.sort();
    assert_eq!(there_is, told);
}

#[test]
fn the_longest_template_that_is_allowed_stays_within_its_fuel() {
    let words = OwnWords::new();
    let source = "{{a}}".repeat(800);
    assert_eq!(source.len(), 4000);
    assert_eq!(words.render(&source, &sample()).unwrap(), "");
    let source = "{% if a == b %}{% endif %}".repeat(153);
    assert_eq!(words.render(&source, &sample()).unwrap(), "");
}

#[test]
fn a_text_without_end_is_refused() {
    let words = OwnWords::new();
    let long = "x".repeat(1000);
    let source = format!("{{{{ '{long}' }}}}").repeat(33);
    let error = words.render(&source, &sample()).unwrap_err();
    assert!(matches!(error, Unusable::Template(_)), "{error:?}");
}

#[test]
fn gaps_that_empty_variables_leave_are_closed() {
    assert_eq!(paragraphs("\n\n a \n\n\n\nb\n \n"), "a\n\nb");
    assert_eq!(paragraphs("a\r\nb\u{202e}c"), "a\nbc");
    assert_eq!(paragraphs(" \n "), "");
}

#[test]
fn a_subject_is_cut_between_characters() {
    assert_eq!(subject_line("  a\n b\u{202e}  "), "a b");
    let cut = subject_line(&"長 ".repeat(150));
    assert_eq!(cut.chars().count(), 200);
    assert!(cut.ends_with("長…"), "{cut}");
}
