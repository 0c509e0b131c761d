//! Pages of lists: `limit` and `cursor` in, `data` and `page` and a `Link` header (RFC 8288) out.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cursor::{Cursor, Way};
use super::fields::{Errors, Query};

/// How many entries a page has when nothing is said.
pub(crate) const DEFAULT_LIMIT: u32 = 50;
/// How many it has at most.
pub(crate) const LARGEST_LIMIT: u32 = 200;

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    pub(crate) limit: u32,
    pub(crate) cursor: Option<Cursor>,
    /// Whether the list runs from its largest entry to its smallest.
    pub(crate) descending: bool,
}

impl Paging {
    /// Takes `limit` and `cursor` out of a query. A cursor of a list with the other order is none of this one.
    pub(crate) fn of(query: &mut Query, descending: bool, errors: &mut Errors) -> Self {
        let limit = query.take("limit", errors).map(|text| text.parse::<u32>());
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if (1..=LARGEST_LIMIT).contains(&limit) => limit,
            Some(_) => {
                errors.add(
                    "/query/limit",
                    "out_of_range",
                    format!("must be a number from 1 to {LARGEST_LIMIT}"),
                );
                DEFAULT_LIMIT
            }
        };
        let cursor = query.take("cursor", errors).and_then(|text| {
            let cursor = Cursor::parse(&text).filter(|cursor| cursor.descending == descending);
            if cursor.is_none() {
                errors.add(
                    "/query/cursor",
                    "not_a_cursor",
                    "must be a cursor that a page of this list gave, with the same sort",
                );
            }
            cursor
        });
        Self {
            limit,
            cursor,
            descending,
        }
    }

    /// As [`of`](Self::of), for a list that runs in one direction alone.
    pub(crate) fn onwards_only(query: &mut Query, descending: bool, errors: &mut Errors) -> Self {
        let paging = Self::of(query, descending, errors);
        if paging.is_backwards() {
            errors.add(
                "/query/cursor",
                "not_a_cursor",
                "must be a next_cursor of this list",
            );
        }
        paging
    }

    /// Whether the page runs back to where the list begins.
    pub(crate) fn is_backwards(&self) -> bool {
        self.cursor
            .is_some_and(|cursor| cursor.way == Way::Previous)
    }

    /// How many entries to fetch: one more than the page has, to know whether there are more.
    pub(crate) fn fetched(&self) -> u32 {
        self.limit + 1
    }
}

/// Where the neighbouring pages are.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PageInfo {
    /// Send it as `cursor` for the page after this one; null on the last.
    next_cursor: Option<String>,
    /// Send it as `cursor` for the page before this one; null on the first.
    prev_cursor: Option<String>,
    /// Whether there is a page after this one.
    has_more: bool,
}

/// A page of entries that stand in the order of the answer.
pub(crate) struct Page<T> {
    entries: Vec<T>,
    info: PageInfo,
}

impl<T> Page<T> {
    /// Makes the page of what was fetched: in the direction of the page, one entry more than it has where there are
    /// more. `place` says where an entry stands.
    pub(crate) fn of_fetched(
        mut fetched: Vec<T>,
        paging: &Paging,
        place: impl Fn(&T) -> (DateTime<Utc>, Uuid),
    ) -> Self {
        let limit = paging.limit as usize;
        let more = fetched.len() > limit;
        fetched.truncate(limit);
        let backwards = paging.is_backwards();
        if backwards {
            fetched.reverse();
        }
        let cursor = |entry: Option<&T>, way| {
            entry.map(|entry| {
                let (at, id) = place(entry);
                let descending = paging.descending;
                Cursor {
                    at,
                    id,
                    way,
                    descending,
                }
                .text()
            })
        };
        // Whoever came back from the next page knows that there is one; who came with a cursor knows that there was a
        // page before.
        let has_next = backwards || more;
        let has_previous = if backwards {
            more
        } else {
            paging.cursor.is_some()
        };
        let info = PageInfo {
            next_cursor: cursor(fetched.last().filter(|_| has_next), Way::Next),
            prev_cursor: cursor(fetched.first().filter(|_| has_previous), Way::Previous),
            has_more: has_next && !fetched.is_empty(),
        };
        Self {
            entries: fetched,
            info,
        }
    }

    /// A page of a list that runs onwards alone, where it is known where the next page begins.
    pub(crate) fn with_next(
        entries: Vec<T>,
        paging: &Paging,
        next: Option<(DateTime<Utc>, Uuid)>,
    ) -> Self {
        let next_cursor = next.map(|(at, id)| {
            Cursor {
                at,
                id,
                way: Way::Next,
                descending: paging.descending,
            }
            .text()
        });
        Self {
            entries,
            info: PageInfo {
                has_more: next_cursor.is_some(),
                next_cursor,
                prev_cursor: None,
            },
        }
    }

    /// A page of a list that says itself where its neighbours begin.
    pub(crate) fn with_neighbours(
        entries: Vec<T>,
        paging: &Paging,
        previous: Option<(DateTime<Utc>, Uuid)>,
        next: Option<(DateTime<Utc>, Uuid)>,
    ) -> Self {
        let mut page = Self::with_next(entries, paging, next);
        page.info.prev_cursor = previous.map(|(at, id)| {
            Cursor {
                at,
                id,
                way: Way::Previous,
                descending: paging.descending,
            }
            .text()
        });
        page
    }

    /// The page of a list that is at hand as a whole, in order. A cursor whose entry has gone begins anew.
    pub(crate) fn of_all(all: Vec<T>, paging: &Paging, id: impl Fn(&T) -> Uuid) -> Self {
        let place = |entry: &T| (DateTime::UNIX_EPOCH, id(entry));
        let at = paging
            .cursor
            .and_then(|cursor| all.iter().position(|entry| id(entry) == cursor.id));
        let count = paging.fetched() as usize;
        let fetched: Vec<T> = match at {
            Some(at) if paging.is_backwards() => {
                let mut before: Vec<T> = all.into_iter().take(at).collect();
                before.reverse();
                before.truncate(count);
                before
            }
            Some(at) => all.into_iter().skip(at + 1).take(count).collect(),
            None => {
                let first = Paging {
                    cursor: None,
                    ..*paging
                };
                let fetched = all.into_iter().take(count).collect();
                return Self::of_fetched(fetched, &first, place);
            }
        };
        Self::of_fetched(fetched, paging, place)
    }

    /// The answer: the entries as `present` shows them.
    pub(crate) fn respond<V: Serialize>(
        self,
        request: &HttpRequest,
        present: impl FnMut(T) -> V,
    ) -> HttpResponse {
        #[derive(Serialize)]
        struct Body<V> {
            data: Vec<V>,
            page: PageInfo,
        }

        let link = |cursor: &Option<String>, relation: &str| {
            let cursor = cursor.as_ref()?;
            let query = with_cursor(request.query_string(), cursor);
            Some(format!("<{}?{query}>; rel=\"{relation}\"", request.path()))
        };
        let links: Vec<String> = [
            link(&self.info.next_cursor, "next"),
            link(&self.info.prev_cursor, "prev"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if !links.is_empty() {
            response.insert_header((header::LINK, links.join(", ")));
        }
        response.json(Body {
            data: self.entries.into_iter().map(present).collect(),
            page: self.info,
        })
    }
}

/// The query with another cursor.
fn with_cursor(query: &str, cursor: &str) -> String {
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name != "cursor" {
            written.append_pair(&name, &value);
        }
    }
    written.append_pair("cursor", cursor).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(limit: u32, cursor: Option<&str>) -> Paging {
        Paging {
            limit,
            cursor: cursor.map(|text| Cursor::parse(text).unwrap()),
            descending: false,
        }
    }

    fn page(all: &[u128], limit: u32, cursor: Option<&str>) -> (Vec<u128>, PageInfo) {
        let page = Page::of_all(all.to_vec(), &paging(limit, cursor), |n| {
            Uuid::from_u128(*n)
        });
        (page.entries, page.info)
    }

    #[test]
    fn a_list_is_read_to_its_end_and_back_again() {
        let all = [1, 2, 3, 4, 5];
        let (first, info) = page(&all, 2, None);
        assert_eq!(
            (first, info.has_more, info.prev_cursor),
            (vec![1, 2], true, None)
        );
        let (second, info) = page(&all, 2, info.next_cursor.as_deref());
        assert_eq!((second, info.has_more), (vec![3, 4], true));
        let (back, before) = page(&all, 2, info.prev_cursor.as_deref());
        assert_eq!(
            (back, before.has_more, before.prev_cursor),
            (vec![1, 2], true, None)
        );
        let (third, info) = page(&all, 2, info.next_cursor.as_deref());
        assert_eq!(
            (third, info.has_more, info.next_cursor),
            (vec![5], false, None)
        );
        let (second, _) = page(&all, 2, info.prev_cursor.as_deref());
        assert_eq!(second, [3, 4]);
    }

    #[test]
    fn a_list_that_fits_has_no_neighbours_and_an_empty_one_neither() {
        for all in [&[][..], &[1], &[1, 2]] {
            let (entries, info) = page(all, 2, None);
            assert_eq!(entries, all);
            assert!(!info.has_more && info.next_cursor.is_none() && info.prev_cursor.is_none());
        }
    }

    #[test]
    fn a_link_keeps_the_rest_of_the_query() {
        assert_eq!(
            with_cursor("q=a%26b&cursor=old&limit=2", "new"),
            "q=a%26b&limit=2&cursor=new"
        );
        assert_eq!(with_cursor("", "new"), "cursor=new");
    }
}
