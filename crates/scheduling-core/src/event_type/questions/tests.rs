use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn title(text: &str) -> Title {
    text.parse().unwrap()
}

fn ask(key: &str, kind: QuestionKind) -> Question {
    Question {
        key: slug(key),
        label: title(&format!("What about {key}?")),
        help: None,
        kind,
        required: false,
        shown_if: None,
    }
}

fn required(question: Question) -> Question {
    Question {
        required: true,
        ..question
    }
}

fn shown_if(question: Question, on: &str, is: ConditionTest) -> Question {
    let shown_if = Some(Condition {
        question: slug(on),
        is,
    });
    Question {
        shown_if,
        ..question
    }
}

fn options(texts: &[&str]) -> Vec<Title> {
    texts.iter().map(|text| title(text)).collect()
}

fn raw(given: &[(&str, RawAnswer)]) -> BTreeMap<String, RawAnswer> {
    let given = given.iter().cloned();
    given.map(|(key, raw)| (key.to_owned(), raw)).collect()
}

fn text(text: &str) -> RawAnswer {
    RawAnswer::Text(text.to_owned())
}

fn many(texts: &[&str]) -> RawAnswer {
    RawAnswer::Many(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// What one question makes of one answer: its text, "-" where there is none, or "key: what is wrong".
fn read(question: Question, given: RawAnswer) -> String {
    let key = question.key.clone();
    let questions = Questions::new(vec![question]).unwrap();
    told(&questions, &raw(&[(key.as_str(), given)]))
}

fn told(questions: &Questions, raw: &BTreeMap<String, RawAnswer>) -> String {
    let lines: Vec<String> = match questions.check(raw) {
        Ok(answers) if answers.is_empty() => vec!["-".to_owned()],
        Ok(answers) if answers.len() == 1 => vec![answers[0].value.to_text()],
        Ok(answers) => answers
            .iter()
            .map(|a| format!("{}={}", a.key, a.value.to_text()))
            .collect(),
        Err(errors) => errors
            .iter()
            .map(|e| format!("{}: {}", e.key, e.problem))
            .collect(),
    };
    lines.join("; ")
}

fn each_reads<const N: usize>(cases: [(QuestionKind, RawAnswer, &str); N]) {
    for (kind, given, read_as) in cases {
        let asked = format!("{kind:?} {given:?}");
        assert_eq!(read(ask("q", kind), given), read_as, "{asked}");
    }
}

#[test]
fn texts_and_addresses_are_read_and_checked() {
    each_reads([
        (QuestionKind::Text, text("  Ann & Co  "), "Ann & Co"),
        (
            QuestionKind::Text,
            text("a\nb"),
            "q: must not contain control characters",
        ),
        (QuestionKind::Text, text(" \u{200b} "), "-"),
        (
            QuestionKind::Text,
            RawAnswer::Number(4.0),
            "q: is an answer of another kind",
        ),
        (QuestionKind::Text, many(&["one"]), "one"),
        (
            QuestionKind::Text,
            many(&["one", "two"]),
            "q: is an answer of another kind",
        ),
        (QuestionKind::LongText, text("a\r\nb"), "a\nb"),
        (
            QuestionKind::Email,
            text("ann@example.org"),
            "ann@example.org",
        ),
        (
            QuestionKind::Email,
            text("ann@example.org\r\nBcc: b@example.org"),
            "q: must not contain control characters",
        ),
        (
            QuestionKind::Phone,
            text("+49 (0)30 / 1234567"),
            "+49301234567",
        ),
        (
            QuestionKind::Phone,
            text("soon"),
            "q: must be a telephone number such as +49 30 1234567",
        ),
        (
            QuestionKind::Url,
            text("https://example.org/a?b"),
            "https://example.org/a?b",
        ),
        (
            QuestionKind::Url,
            text("javascript:alert(1)"),
            "q: must be a web address that begins with https:// or http://",
        ),
        (QuestionKind::Url, RawAnswer::Nothing, "-"),
    ]);
}

#[test]
fn a_number_is_read_from_text_and_from_json() {
    let number = |min: Option<i32>, max: Option<i32>, integer| QuestionKind::Number {
        min: min.map(Number::from),
        max: max.map(Number::from),
        integer,
    };
    each_reads([
        (number(None, None, false), text(" 1.50 "), "1.5"),
        (number(None, None, false), RawAnswer::Number(1.5), "1.5"),
        (
            number(None, None, false),
            text("1,5"),
            "q: must be a number with at most 15 digits, 6 of them after the point",
        ),
        (number(Some(1), Some(9), true), RawAnswer::Number(9.0), "9"),
        (
            number(Some(1), Some(9), true),
            text("1.5"),
            "q: must be a whole number",
        ),
        (
            number(Some(1), Some(9), true),
            text("0"),
            "q: must be at least 1",
        ),
        (
            number(Some(1), Some(9), true),
            RawAnswer::Number(10.0),
            "q: must be at most 9",
        ),
        (
            number(None, None, false),
            RawAnswer::Number(f64::NAN),
            "q: must be a number with at most 15 digits, 6 of them after the point",
        ),
    ]);
}

#[test]
fn choices_and_boxes_are_read_as_forms_and_as_json_send_them() {
    let colours = || options(&["Red", "Green", "Blue"]);
    each_reads([
        (
            QuestionKind::Select { options: colours() },
            text("Green"),
            "Green",
        ),
        (QuestionKind::Select { options: colours() }, text(""), "-"),
        (
            QuestionKind::Radio { options: colours() },
            text("green"),
            "q: must be one of the options",
        ),
        (
            QuestionKind::MultiSelect { options: colours() },
            many(&["Blue", "Red", "Blue", ""]),
            "Red, Blue",
        ),
        (
            QuestionKind::MultiSelect { options: colours() },
            text("Blue"),
            "Blue",
        ),
        (
            QuestionKind::MultiSelect { options: colours() },
            many(&[""]),
            "-",
        ),
        (
            QuestionKind::MultiSelect { options: colours() },
            many(&["Red", "Pink"]),
            "q: must be one of the options",
        ),
        (QuestionKind::Checkbox, text("on"), "yes"),
        (QuestionKind::Checkbox, RawAnswer::Bool(false), "no"),
        (QuestionKind::Checkbox, many(&["off", "on"]), "yes"),
        (QuestionKind::Checkbox, RawAnswer::Nothing, "no"),
        (
            QuestionKind::Checkbox,
            text("perhaps"),
            "q: is an answer of another kind",
        ),
    ]);
}

#[test]
fn a_date_is_a_day_of_the_calendar_within_its_limits() {
    let date = |min: &str, max: &str| QuestionKind::Date {
        min: min.parse().ok(),
        max: max.parse().ok(),
    };
    each_reads([
        (date("", ""), text("2026-02-28"), "2026-02-28"),
        (
            date("", ""),
            text("2026-02-29"),
            "q: must be a date such as 2026-11-24",
        ),
        (
            date("", ""),
            text("+12026-02-1"),
            "q: must be a date such as 2026-11-24",
        ),
        (
            date("2026-03-01", ""),
            text("2026-02-28"),
            "q: must not be before 2026-03-01",
        ),
        (
            date("", "2026-01-31"),
            text("2026-02-28"),
            "q: must not be after 2026-01-31",
        ),
    ]);
}

#[test]
fn what_is_required_must_be_answered_and_ticked() {
    let must = |kind| read(required(ask("q", kind)), text("  "));
    assert_eq!(must(QuestionKind::Text), "q: must be answered");
    assert_eq!(must(QuestionKind::Checkbox), "q: must be ticked");
    let colours = options(&["Red"]);
    let multi = QuestionKind::MultiSelect { options: colours };
    assert_eq!(
        read(required(ask("q", multi)), many(&[])),
        "q: must be answered"
    );
    let untold = Questions::new(vec![required(ask(
        "q",
        QuestionKind::Date {
            min: None,
            max: None,
        },
    ))]);
    assert_eq!(
        told(&untold.unwrap(), &BTreeMap::new()),
        "q: must be answered"
    );
}

/// Topic; if another one, which; if it says which, how soon (all required); a box; if ticked, a number.
fn chain() -> Questions {
    let topic = QuestionKind::Select {
        options: options(&["Tax", "Other"]),
    };
    let other = ConditionTest::AnyOf(options(&["Other"]));
    Questions::new(vec![
        required(ask("topic", topic)),
        shown_if(required(ask("which", QuestionKind::Text)), "topic", other),
        shown_if(
            required(ask("soon", QuestionKind::Text)),
            "which",
            ConditionTest::Answered,
        ),
        ask("call", QuestionKind::Checkbox),
        shown_if(
            required(ask("number", QuestionKind::Phone)),
            "call",
            ConditionTest::Checked,
        ),
    ])
    .unwrap()
}

#[test]
fn a_question_is_asked_only_when_the_answer_it_depends_on_is_given() {
    let questions = chain();
    let given = [("topic", text("Tax"))];
    assert_eq!(told(&questions, &raw(&given)), "topic=Tax; call=no");
    let given = [("topic", text("Other")), ("call", RawAnswer::Bool(true))];
    assert_eq!(
        told(&questions, &raw(&given)),
        "which: must be answered; number: must be answered"
    );
    let given = [
        ("topic", text("Other")),
        ("which", text("Cats")),
        ("soon", text("now")),
        ("call", text("on")),
        ("number", text("030 12345")),
    ];
    assert_eq!(
        told(&questions, &raw(&given)),
        "topic=Other; which=Cats; soon=now; call=yes; number=03012345"
    );
}

#[test]
fn answers_to_questions_that_are_not_shown_are_dropped_and_show_nothing_else() {
    let given = [
        ("topic", text("Tax")),
        // Typed before the topic was changed. It neither counts nor shows "soon", and may be nonsense.
        ("which", text("Cats\u{0}")),
        ("soon", many(&["a", "b"])),
        ("number", text("nonsense")),
    ];
    assert_eq!(told(&chain(), &raw(&given)), "topic=Tax; call=no");
}

#[test]
fn shown_questions_follow_from_what_is_filled_in_so_far() {
    let questions = chain();
    let shown = |given: &[(&str, RawAnswer)]| -> Vec<String> {
        let given = raw(given);
        let shown = questions.shown(&given);
        shown.iter().map(|q| q.key.to_string()).collect()
    };
    assert_eq!(shown(&[]), ["topic", "call"]);
    assert_eq!(
        shown(&[("topic", text("Other"))]),
        ["topic", "which", "call"]
    );
    assert_eq!(
        shown(&[("topic", text("Nonsense")), ("which", text("Cats"))]),
        ["topic", "call"]
    );
}

#[test]
fn keys_of_no_question_are_refused_without_echoing_them_at_length() {
    let long = "k".repeat(100_000);
    let given = raw(&[("topic", text("Tax")), (&long, text("x"))]);
    let errors = chain().check(&given).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].key, "k".repeat(64));
    assert_eq!(errors[0].problem, AnswerProblem::UnknownQuestion);

    let flood: BTreeMap<String, RawAnswer> =
        (0..100_000).map(|n| (n.to_string(), text("x"))).collect();
    assert_eq!(
        Questions::default().check(&flood).unwrap_err().len(),
        Questions::MOST
    );
}

#[test]
fn a_list_that_makes_no_sense_is_refused() {
    let select = |texts: &[&str]| QuestionKind::Select {
        options: options(texts),
    };
    let on = |is| shown_if(ask("b", QuestionKind::Text), "a", is);
    let any_of = |texts: &[&str]| ConditionTest::AnyOf(options(texts));
    let number = |min, max, integer| QuestionKind::Number { min, max, integer };
    let half: Number = "0.5".parse().unwrap();
    let (b, a) = (slug("b"), slug("a"));
    let never = || QuestionsError::NeverMet {
        key: b.clone(),
        on: a.clone(),
    };
    let not_before = |key: &str, on: &str| QuestionsError::NotBefore {
        key: slug(key),
        on: slug(on),
    };
    let text_a = || ask("a", QuestionKind::Text);
    let box_a = || ask("a", QuestionKind::Checkbox);
    let choice_a = || ask("a", select(&["x", "y"]));
    for (questions, error) in [
        (
            vec![text_a(), box_a()],
            QuestionsError::DuplicateKey(a.clone()),
        ),
        (
            vec![ask("a", select(&[]))],
            QuestionsError::NoOptions(a.clone()),
        ),
        (
            vec![ask("a", select(&["x", "y", "x"]))],
            QuestionsError::DuplicateOption {
                key: a.clone(),
                option: title("x"),
            },
        ),
        (
            vec![ask("a", number(Some(2.into()), Some(1.into()), false))],
            QuestionsError::EmptyRange(a.clone()),
        ),
        (
            vec![ask("a", number(Some(half), None, true))],
            QuestionsError::EmptyRange(a.clone()),
        ),
        (
            vec![ask(
                "a",
                QuestionKind::Date {
                    min: "2026-02-01".parse().ok(),
                    max: "2026-01-31".parse().ok(),
                },
            )],
            QuestionsError::EmptyRange(a.clone()),
        ),
        (
            vec![on(ConditionTest::Answered), text_a()],
            not_before("b", "a"),
        ),
        (
            vec![shown_if(text_a(), "a", ConditionTest::Answered)],
            not_before("a", "a"),
        ),
        (vec![text_a(), on(ConditionTest::Checked)], never()),
        (vec![box_a(), on(ConditionTest::Answered)], never()),
        (vec![text_a(), on(any_of(&["x"]))], never()),
        (vec![choice_a(), on(any_of(&["x", "z"]))], never()),
        (vec![choice_a(), on(any_of(&[]))], never()),
    ] {
        assert_eq!(Questions::new(questions), Err(error));
    }
    let too_many_options: Vec<Title> = (0..101).map(|n| title(&n.to_string())).collect();
    let kind = QuestionKind::Radio {
        options: too_many_options,
    };
    assert_eq!(
        Questions::new(vec![ask("a", kind)]),
        Err(QuestionsError::TooManyOptions(a.clone()))
    );
    let fifty_one = (0..51).map(|n| ask(&format!("q{n}"), QuestionKind::Text));
    assert_eq!(
        Questions::new(fifty_one.collect()),
        Err(QuestionsError::TooMany)
    );
    assert!(Questions::new(vec![choice_a(), on(any_of(&["y"]))]).is_ok());
}

#[test]
fn stored_questions_and_answers_are_read_back_and_checked() {
    let questions = chain();
    let stored = serde_json::to_string(&questions).unwrap();
    assert_eq!(
        serde_json::from_str::<Questions>(&stored).unwrap(),
        questions
    );
    // The condition now comes before what it depends on.
    let mut list: Vec<serde_json::Value> = serde_json::from_str(&stored).unwrap();
    list.swap(0, 1);
    let swapped = serde_json::to_string(&list).unwrap();
    let error = serde_json::from_str::<Questions>(&swapped).unwrap_err();
    assert!(
        error.to_string().contains("does not come before it"),
        "{error}"
    );

    for (json, is) in [
        (r#""x""#, text("x")),
        (r#"["x","y"]"#, many(&["x", "y"])),
        ("true", RawAnswer::Bool(true)),
        ("3", RawAnswer::Number(3.0)),
        ("null", RawAnswer::Nothing),
    ] {
        assert_eq!(
            serde_json::from_str::<RawAnswer>(json).unwrap(),
            is,
            "{json}"
        );
    }
    assert!(serde_json::from_str::<RawAnswer>(r#"{"a":1}"#).is_err());
    assert!(serde_json::from_str::<AnswerValue>(r#"{"kind":"email","value":"no"}"#).is_err());
}

#[test]
fn a_question_keeps_its_stored_form() {
    let question = shown_if(
        required(ask(
            "seats",
            QuestionKind::Number {
                min: Some(1.into()),
                max: None,
                integer: true,
            },
        )),
        "topic",
        ConditionTest::AnyOf(options(&["Other"])),
    );
    let json = serde_json::json!({
        "key": "seats",
        "label": "What about seats?",
        "help": null,
        "answer": { "kind": "number", "min": 1, "max": null, "integer": true },
        "required": true,
        "shown_if": { "question": "topic", "is": { "any_of": ["Other"] } },
    });
    assert_eq!(serde_json::to_value(&question).unwrap(), json);
    let answer = Answer {
        key: slug("seats"),
        label: title("Seats"),
        value: AnswerValue::Number(3.into()),
    };
    let json = serde_json::json!({
        "key": "seats", "label": "Seats", "value": { "kind": "number", "value": 3 },
    });
    assert_eq!(serde_json::to_value(&answer).unwrap(), json);
}

const TEXTS: [&str; 14] = [
    "",
    " ",
    "x",
    "y",
    "Other",
    "on",
    "0",
    "3",
    "-1.5",
    "2026-11-24",
    "ann@example.org",
    "https://example.org",
    "+4930123456",
    "a\u{0}b",
];

fn kind() -> impl Strategy<Value = QuestionKind> {
    let some_options = || options(&["x", "y", "Other"]);
    prop_oneof![
        Just(QuestionKind::Text),
        Just(QuestionKind::LongText),
        (-3..3_i32, 0..5_i32, any::<bool>()).prop_map(|(min, more, integer)| {
            QuestionKind::Number {
                min: Some(min.into()),
                max: Some((min + more).into()),
                integer,
            }
        }),
        Just(QuestionKind::Email),
        Just(QuestionKind::Phone),
        Just(QuestionKind::Select {
            options: some_options()
        }),
        Just(QuestionKind::MultiSelect {
            options: some_options()
        }),
        Just(QuestionKind::Radio {
            options: some_options()
        }),
        Just(QuestionKind::Checkbox),
        Just(QuestionKind::Date {
            min: None,
            max: "2026-12-31".parse().ok()
        }),
        Just(QuestionKind::Url),
    ]
}

fn questions() -> impl Strategy<Value = Questions> {
    vec((kind(), any::<bool>(), 0..4_usize, any::<bool>()), 0..7).prop_map(|drawn| {
        let mut asked: Vec<Question> = Vec::new();
        for (place, (kind, is_required, on, depends)) in drawn.into_iter().enumerate() {
            let mut question = ask(&format!("q{place}"), kind);
            question.required = is_required;
            if let Some(earlier) = asked.get(on).filter(|_| depends) {
                let is = match &earlier.kind {
                    QuestionKind::Checkbox => ConditionTest::Checked,
                    kind if kind.options().is_some() => ConditionTest::AnyOf(options(&["x"])),
                    _ => ConditionTest::Answered,
                };
                question = shown_if(question, earlier.key.as_str(), is);
            }
            asked.push(question);
        }
        Questions::new(asked).unwrap()
    })
}

fn given() -> impl Strategy<Value = BTreeMap<String, RawAnswer>> {
    let word = || prop_oneof![4 => prop::sample::select(&TEXTS[..]).prop_map(str::to_owned), 1 => ".{0,20}"];
    let raw = prop_oneof![
        4 => word().prop_map(RawAnswer::Text),
        2 => vec(word(), 0..4).prop_map(RawAnswer::Many),
        1 => any::<bool>().prop_map(RawAnswer::Bool),
        1 => prop_oneof![any::<f64>(), (-5..5_i32).prop_map(f64::from)].prop_map(RawAnswer::Number),
        1 => Just(RawAnswer::Nothing),
    ];
    let key = prop_oneof![20 => "q[0-6]", 1 => ".{0,80}"];
    btree_map(key, raw, 0..9)
}

proptest! {
    #[test]
    fn whatever_is_sent_is_read_or_refused_for_a_question_that_is_shown(questions in questions(), given in given()) {
        let shown: Vec<&Slug> = questions.shown(&given).iter().map(|q| &q.key).collect();
        match questions.check(&given) {
            Ok(answers) => {
                prop_assert!(answers.iter().all(|a| shown.contains(&&a.key)));
                prop_assert!(given.keys().all(|key| questions.get(key).is_some()));
                for question in questions.iter().filter(|q| q.required && shown.contains(&&q.key)) {
                    let answer = answers.iter().find(|a| a.key == question.key);
                    prop_assert!(answer.is_some_and(|a| a.value != AnswerValue::Checkbox(false)));
                }
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    let unknown = error.problem == AnswerProblem::UnknownQuestion;
                    prop_assert_eq!(unknown, questions.get(&error.key).is_none());
                    prop_assert!(unknown || shown.iter().any(|key| key.as_str() == error.key));
                }
            }
        }
    }

    #[test]
    fn an_accepted_answer_is_accepted_again_and_survives_storage(questions in questions(), given in given()) {
        let known = given.into_iter().filter(|(key, _)| questions.get(key).is_some());
        let mut known: BTreeMap<String, RawAnswer> = known.collect();
        // Take out what is refused, and require nothing, so that most cases get to the point.
        let lenient: Vec<Question> = questions.iter().map(|q| Question { required: false, ..q.clone() }).collect();
        let questions = Questions::new(lenient).unwrap();
        while let Err(errors) = questions.check(&known) {
            for error in errors {
                prop_assert!(known.remove(&error.key).is_some());
            }
        }
        let answers = questions.check(&known).unwrap();
        let again = answers.iter().map(|a| (a.key.to_string(), a.value.to_raw())).collect();
        prop_assert_eq!(questions.check(&again), Ok(answers.clone()));
        let stored = serde_json::to_string(&answers).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Answer>>(&stored).unwrap(), answers);
    }
}
