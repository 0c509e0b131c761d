//! The wording: a notification becomes a subject, a text and an HTML page.
//!
//! Each notification has a folder of templates: `subject.txt.j2`, `lead.txt.j2`, which begins text and page alike,
//! `body.txt.j2` and `body.html.j2`, which share the layouts beside them. They are inside the binary; a folder of one's
//! own can replace them file by file.

use std::fmt::Write;
use std::path::Path;

use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter, path_loader,
};
use scheduling_core::notification::{AccountNotification, Notification};
use thiserror::Error;

use crate::account::AccountContext;
use crate::address::one_line;
use crate::context::Context;
use crate::samples::{account_samples, samples};
use crate::words::Said;

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
    "page.html.j2",
    "layout.txt.j2",
    "layout.html.j2",
    "parts.txt.j2",
    "parts.html.j2",
    "requested/subject.txt.j2",
    "requested/lead.txt.j2",
    "requested/body.txt.j2",
    "requested/body.html.j2",
    "confirmed/subject.txt.j2",
    "confirmed/lead.txt.j2",
    "confirmed/body.txt.j2",
    "confirmed/body.html.j2",
    "approved/subject.txt.j2",
    "approved/lead.txt.j2",
    "approved/body.txt.j2",
    "approved/body.html.j2",
    "declined/subject.txt.j2",
    "declined/lead.txt.j2",
    "declined/body.txt.j2",
    "declined/body.html.j2",
    "rescheduled/subject.txt.j2",
    "rescheduled/lead.txt.j2",
    "rescheduled/body.txt.j2",
    "rescheduled/body.html.j2",
    "released/subject.txt.j2",
    "released/lead.txt.j2",
    "released/body.txt.j2",
    "released/body.html.j2",
    "cancelled/subject.txt.j2",
    "cancelled/lead.txt.j2",
    "cancelled/body.txt.j2",
    "cancelled/body.html.j2",
    "expired/subject.txt.j2",
    "expired/lead.txt.j2",
    "expired/body.txt.j2",
    "expired/body.html.j2",
    "reminder/subject.txt.j2",
    "reminder/lead.txt.j2",
    "reminder/body.txt.j2",
    "reminder/body.html.j2",
    "follow_up/subject.txt.j2",
    "follow_up/lead.txt.j2",
    "follow_up/body.txt.j2",
    "follow_up/body.html.j2",
    "account/layout.txt.j2",
    "account/layout.html.j2",
    "account/invitation/subject.txt.j2",
    "account/invitation/body.txt.j2",
    "account/invitation/body.html.j2",
    "account/password_reset/subject.txt.j2",
    "account/password_reset/body.txt.j2",
    "account/password_reset/body.html.j2",
    "account/password_changed/subject.txt.j2",
    "account/password_changed/body.txt.j2",
    "account/password_changed/body.html.j2",
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
        environment.add_filter("isolated", isolated);
        environment.add_filter("sentence", sentence);
        let own = folder.map(path_loader);
        environment.set_loader(move |name| {
            // The page begins with the same words as the text, escaped.
            let file = name
                .strip_suffix("lead.html.j2")
                .map_or_else(|| name.to_owned(), |kind| format!("{kind}lead.txt.j2"));
            if let Some(own) = &own
                && let Some(text) = own(&file)?
            {
                return Ok(Some(text));
            }
            Ok(BUILT_IN
                .iter()
                .find(|(known, _)| *known == file)
                .map(|(_, text)| (*text).to_owned()))
        });
        for (name, _) in BUILT_IN {
            environment
                .get_template(name)
                .map_err(|source| template_error(name, source))?;
        }
        let templates = Self { environment };
        for sample in samples() {
            templates.render(&sample, Said::default())?;
        }
        for sample in account_samples() {
            templates.render_account(&sample)?;
        }
        Ok(templates)
    }

    /// A notification in words: our own, where the workspace has none.
    pub(crate) fn render(
        &self,
        notification: &Notification,
        said: Said,
    ) -> Result<Rendered, TemplateError> {
        let context = Context::new(notification, said.body.as_deref());
        let context = Value::from_serialize(context);
        let folder = notification.kind.as_str();
        Ok(Rendered {
            subject: match said.subject {
                Some(subject) => subject,
                None => one_line(&self.one(folder, "subject.txt", &context)?),
            },
            text: self.one(folder, "body.txt", &context)?,
            html: self.one(folder, "body.html", &context)?,
        })
    }

    /// A message about an account in words.
    pub(crate) fn render_account(
        &self,
        notification: &AccountNotification,
    ) -> Result<Rendered, TemplateError> {
        let context = AccountContext::new(notification);
        let folder = format!("account/{}", context.kind);
        let context = Value::from_serialize(context);
        Ok(Rendered {
            subject: one_line(&self.one(&folder, "subject.txt", &context)?),
            text: self.one(&folder, "body.txt", &context)?,
            html: self.one(&folder, "body.html", &context)?,
        })
    }

    fn one(&self, folder: &str, file: &str, context: &Value) -> Result<String, TemplateError> {
        let name = format!("{folder}/{file}.j2");
        self.environment
            .get_template(&name)
            .and_then(|template| template.render(context))
            .map_err(|source| template_error(&name, source))
    }
}

/// A name in a sentence: on a page it is kept from turning the rest of the line around.
fn isolated(state: &State<'_, '_>, text: &str) -> Result<Value, minijinja::Error> {
    if state.auto_escape() != AutoEscape::Html {
        return Ok(Value::from(text));
    }
    let mut html = String::from("<bdi>");
    escape_html(&mut html, text)?;
    html.push_str("</bdi>");
    Ok(Value::from_safe_string(html))
}

/// Words at the beginning of a sentence.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn write_html(out: &mut Output<'_>, text: &str) -> Result<(), minijinja::Error> {
    Ok(escape_html(out, text)?)
}

/// Escapes text for HTML, attributes in quotes included. The engine's own escapes slashes too, which makes links
/// unreadable for whoever looks at the source.
fn escape_html(out: &mut impl Write, text: &str) -> std::fmt::Result {
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
