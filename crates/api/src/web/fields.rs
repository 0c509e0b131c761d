//! The fields of a form or of a link's query: names and values, in order, names as often as they were sent.

use actix_web::web;
use url::form_urlencoded;

use super::PageError;

/// Fields as they arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

/// A form that was sent, or why it cannot be read.
pub(super) type SentForm = Result<web::Form<Vec<(String, String)>>, actix_web::Error>;

impl Fields {
    /// Reads a form.
    pub(super) fn of_form(form: SentForm) -> Result<Self, PageError> {
        form.map(|form| Self(form.into_inner()))
            .map_err(|_unreadable| PageError::Malformed)
    }

    /// Reads a query.
    pub(super) fn of_query(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(pairs.iter().map(owned).collect())
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of a field, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(other, _)| other == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The first value of a field; nothing where it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every value of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(other, _)| *other == name)
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_may_come_often_or_not_at_all() {
        let fields = Fields::of_query("a=1&b=%C3%A4+b&a=2&%ff=x");
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            (fields.text("b"), fields.get("c"), fields.text("c")),
            ("ä b", None, "")
        );
    }
}
