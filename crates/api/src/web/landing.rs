//! `/book/{workspace}`: what guests can book there.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use scheduling_app::Scheduling;
use scheduling_app::availability::LandingPage;
use scheduling_core::event_type::Capacity;
use scheduling_core::text::Slug;
use serde::Serialize;

use super::links::Paths;
use super::people::{Hosts, initials};
use super::place::Place;
use super::templates::Page;
use super::wording::lasting;
use super::{PageError, WebState};

/// The daymarks of durations are drawn on a line of this many minutes, or of the longest duration.
const LINE: u32 = 90;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Landing {
    name: String,
    initials: String,
    description: Option<String>,
    groups: Vec<Group>,
    /// How many minutes the line under each duration stands for.
    line: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Group {
    title: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Entry {
    href: String,
    title: String,
    description: Option<String>,
    minutes: u32,
    /// The length's number and its unit.
    length: (String, &'static str),
    /// Further lengths to choose from.
    others: Vec<String>,
    places: Vec<Place>,
    hosts: Hosts,
    seats: Option<u32>,
    approval: bool,
}

impl Page for Landing {
    const TEMPLATE: &'static str = "pages/landing.html.j2";
}

impl Landing {
    /// Groups event types by category, in the order in which the categories first come up; those without one stand
    /// last.
    pub(super) fn new(page: &LandingPage, paths: &Paths) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (event_type, people) in &page.event_types {
            let title = event_type.category.as_ref().map(ToString::to_string);
            let entry = Entry {
                href: paths.event(&page.workspace.slug, &event_type.slug),
                title: event_type.title.to_string(),
                description: event_type
                    .description
                    .as_ref()
                    .and_then(|text| text.as_str().lines().next().map(str::to_owned)),
                minutes: event_type.rules.duration.get(),
                length: length(event_type.rules.duration.get()),
                others: event_type
                    .durations
                    .others()
                    .iter()
                    .map(|duration| lasting(duration.get()))
                    .collect(),
                places: event_type
                    .locations
                    .all()
                    .iter()
                    .map(Place::public)
                    .collect(),
                approval: event_type.policy.approval.is_some(),
                hosts: Hosts::of(event_type, people),
                seats: Some(event_type.rules.capacity)
                    .filter(|capacity| capacity.is_group())
                    .map(Capacity::get),
            };
            match groups.iter_mut().find(|group| group.title == title) {
                Some(group) => group.entries.push(entry),
                None => groups.push(Group {
                    title,
                    entries: vec![entry],
                }),
            }
        }
        groups.sort_by_key(|group| group.title.is_none());
        let longest = page
            .event_types
            .iter()
            .map(|(event_type, _)| event_type.rules.duration.get())
            .max();
        Self {
            name: page.workspace.name.to_string(),
            initials: initials(page.workspace.name.as_str())
                .chars()
                .take(1)
                .collect(),
            description: page.workspace.description.as_ref().map(ToString::to_string),
            groups,
            line: longest.unwrap_or(LINE).max(LINE),
        }
    }
}

/// "30" and "min", "4" and "h".
fn length(minutes: u32) -> (String, &'static str) {
    if minutes >= 120 && minutes.is_multiple_of(60) {
        ((minutes / 60).to_string(), "h")
    } else {
        (minutes.to_string(), "min")
    }
}

/// Shows the page.
pub(super) async fn show(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: web::Path<String>,
) -> HttpResponse {
    state.answer(page(&app, &state, &path).await)
}

async fn page(
    app: &Scheduling,
    state: &WebState,
    workspace: &str,
) -> Result<HttpResponse, PageError> {
    let workspace: Slug = workspace.parse().map_err(|_no_slug| PageError::NOT_FOUND)?;
    let Some(page) = app.landing_page(&workspace).await? else {
        return Err(PageError::NOT_FOUND);
    };
    state.page(StatusCode::OK, &Landing::new(&page, state.paths()))
}

#[cfg(test)]
impl Landing {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;

        let paths = Paths::new("");
        let empty = LandingPage {
            event_types: Vec::new(),
            ..sample::landing()
        };
        let hostile = sample::hostile();
        let hostile = LandingPage {
            workspace: hostile.workspace,
            event_types: vec![(hostile.event_type, hostile.hosts)],
        };
        vec![
            ("full", Self::new(&sample::landing(), &paths)),
            ("empty", Self::new(&empty, &paths)),
            ("hostile", Self::new(&hostile, &paths)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn event_types_stand_under_their_category_and_the_rest_last() {
        let landing = Landing::new(&sample::landing(), &Paths::new(""));
        let groups: Vec<_> = landing
            .groups
            .iter()
            .map(|group| (group.title.as_deref(), group.entries.len()))
            .collect();
        assert_eq!(
            groups,
            [
                (Some("Getting to know us"), 2),
                (Some("Working together"), 1),
                (None, 1)
            ]
        );
        assert_eq!(
            landing.groups[0].entries[0].href,
            "/book/northwind/first-conversation"
        );
        assert_eq!(landing.line, 90);
    }
}
