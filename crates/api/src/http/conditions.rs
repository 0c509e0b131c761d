//! Versions over HTTP: `ETag`, `If-Match`, `If-None-Match` (RFC 9110, section 13).

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::problem::{Problem, ProblemKind};

/// Which versions of a thing a request is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Nothing was said.
    Unsaid,
    /// Whichever is there: `*`.
    Any,
    /// One of these; none of them when only weak or foreign tags were given, which match nothing.
    OneOf(Vec<u32>),
}

impl Expected {
    /// Reads `If-Match`.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(header::IF_MATCH).peekable();
        if given.peek().is_none() {
            return Self::Unsaid;
        }
        let tags: Vec<&str> = given
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        if tags.contains(&"*") {
            return Self::Any;
        }
        Self::OneOf(
            tags.into_iter()
                .filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"'))
                // One version has one tag: no sign, no zero in front.
                .filter(|digits| {
                    digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
                })
                .filter_map(|digits| digits.parse().ok())
                .collect(),
        )
    }

    /// Reads `If-Match`, which must be there.
    ///
    /// # Errors
    /// 428.
    pub(crate) fn required(headers: &HeaderMap) -> Result<Self, Problem> {
        match Self::of(headers) {
            Self::Unsaid => Err(Problem::new(
                ProblemKind::PreconditionRequired,
                "Send If-Match with the ETag that was read, or with *.",
            )),
            said => Ok(said),
        }
    }

    /// The version that a change must still find, given the present one.
    ///
    /// # Errors
    /// 412 when the request is meant for another.
    pub(crate) fn against(&self, current: u32) -> Result<Option<u32>, Problem> {
        match self {
            Self::Unsaid | Self::Any => Ok(None),
            Self::OneOf(versions) if versions.contains(&current) => Ok(Some(current)),
            Self::OneOf(_) => Err(conflict(current)),
        }
    }
}

/// The problem of a change that was meant for another version than the present one.
pub(crate) fn conflict(current: u32) -> Problem {
    Problem::new(
        ProblemKind::VersionConflict,
        format!("The present version is {current}."),
    )
    .with("current", current)
    .header(header::ETAG, tag(current))
}

/// The entity tag of a version.
pub(crate) fn tag(version: u32) -> String {
    format!("\"{version}\"")
}

/// An answer with the state of a thing that has versions. Only the asker may keep it.
pub(crate) fn versioned<T: serde::Serialize>(
    mut response: HttpResponseBuilder,
    version: u32,
    body: &T,
) -> HttpResponse {
    response
        .insert_header((header::ETAG, tag(version)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn expected(values: &[&str]) -> Expected {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        Expected::of(&headers)
    }

    #[test]
    fn versions_are_read_from_strong_tags_alone() {
        assert_eq!(expected(&[]), Expected::Unsaid);
        assert_eq!(expected(&["*"]), Expected::Any);
        assert_eq!(expected(&["\"3\""]), Expected::OneOf(vec![3]));
        assert_eq!(
            expected(&["\"3\", \"4\"", "\"5\""]),
            Expected::OneOf(vec![3, 4, 5])
        );
        for foreign in [
            "W/\"3\"",
            "3",
            "\"\"",
            "\"03\"",
            "\"+3\"",
            "\"4294967296\"",
            "\"a\"",
            "",
        ] {
            assert_eq!(expected(&[foreign]), Expected::OneOf(vec![]), "{foreign}");
        }
    }

    #[test]
    fn a_change_for_another_version_is_refused_and_names_the_present_one() {
        assert_eq!(expected(&["\"3\""]).against(3).unwrap(), Some(3));
        assert_eq!(expected(&["*"]).against(3).unwrap(), None);
        for stale in ["\"2\"", "W/\"3\""] {
            let problem = expected(&[stale]).against(3).unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::VersionConflict);
        }
        assert!(Expected::required(&HeaderMap::new()).is_err());
    }
}
