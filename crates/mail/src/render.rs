//! The wording: a notification becomes a subject, a text and an HTML page.
//!
//! Each notification has a folder of three templates, `subject.txt.j2`, `body.txt.j2` and `body.html.j2`, which share
//! the layouts beside them. They are inside the binary; a folder of one's own can replace them file by file.

use std::fmt::Write;
use std::path::Path;

use minijinja::{
    AutoEscape, Environment, Output, UndefinedBehavior, Value, escape_formatter, path_loader,
};
use scheduling_core::notification::Notification;
use thiserror::Error;

use crate::address::one_line;
use crate::context::Context;
use crate::samples::samples;

/// A template that cannot be used.
#[derive(Debug, Error)]
#[error("the mail template {name:?} cannot be used")]
pub struct TemplateError {
    /// Which one.
    pub name: String,
    /// What the template engine said.
    #[source]
    pub source: minijinja::Error,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// Every template by name, with the text it has unless somebody replaces it.
        const BUILT_IN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../templates/", $name)))),*
        ];
    };
}

built_in![
    "layout.txt.j2",
    "layout.html.j2",
    "confirmed/subject.txt.j2",
    "confirmed/body.txt.j2",
    "confirmed/body.html.j2",
    "cancelled/subject.txt.j2",
    "cancelled/body.txt.j2",
    "cancelled/body.html.j2",
];

/// Fonts that are there already: nothing in a mail is fetched from anywhere.
const SANS: &str =
    "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const SERIF: &str =
    "'Iowan Old Style','Palatino Linotype',Palatino,P052,'Noto Serif',Georgia,serif";

/// The templates, parsed.
pub(crate) struct Templates {
    environment: Environment<'static>,
}

/// A notification in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Templates {
    /// Parses every template, those from the folder first, and tries them on samples: a misspelt word in somebody's own
    /// template is found at the start.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(true);
        environment.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if state.auto_escape() == AutoEscape::Html && !value.is_safe() => {
                write_html(out, text)
            }
            _ => escape_formatter(out, state, value),
        });
        environment.add_global("sans", Value::from_safe_string(SANS.to_owned()));
        environment.add_global("serif", Value::from_safe_string(SERIF.to_owned()));
        let own = folder.map(path_loader);
        environment.set_loader(move |name| {
            if let Some(own) = &own
                && let Some(text) = own(name)?
            {
                return Ok(Some(text));
            }
            Ok(BUILT_IN
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, text)| (*text).to_owned()))
        });
        for (name, _) in BUILT_IN {
            environment
                .get_template(name)
                .map_err(|source| template_error(name, source))?;
        }
        let templates = Self { environment };
        for sample in samples() {
            templates.render(&sample)?;
        }
        Ok(templates)
    }

    pub(crate) fn render(&self, notification: &Notification) -> Result<Rendered, TemplateError> {
        let folder = notification.kind.as_str();
        let context = Value::from_serialize(Context::new(notification));
        let render = |file: &str| {
            let name = format!("{folder}/{file}.j2");
            self.environment
                .get_template(&name)
                .and_then(|template| template.render(&context))
                .map_err(|source| template_error(&name, source))
        };
        Ok(Rendered {
            subject: one_line(&render("subject.txt")?),
            text: render("body.txt")?,
            html: render("body.html")?,
        })
    }
}

/// Escapes text for HTML, attributes in quotes included. The engine's own escapes slashes too, which makes links
/// unreadable for whoever looks at the source.
fn write_html(out: &mut Output<'_>, text: &str) -> Result<(), minijinja::Error> {
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            c => out.write_char(c),
        }?;
    }
    Ok(())
}

fn template_error(name: &str, source: minijinja::Error) -> TemplateError {
    TemplateError {
        name: name.to_owned(),
        source,
    }
}
