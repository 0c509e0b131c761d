//! Pages of lists, as the description shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::page::PageInfo;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct PageOf<T> {
    /// The entries of the page, in the list's order.
    data: Vec<T>,
    /// Where the neighbouring pages are.
    page: PageInfo,
}
