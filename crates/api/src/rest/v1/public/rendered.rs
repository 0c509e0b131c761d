//! Answers as they go over the wire, kept while the answer is the same.
//!
//! Writing a month of slots as JSON, hashing and compressing it takes far longer than finding out that nothing has changed.
//! So each written answer is kept beside the found slots it was made of: while asking for them leads to the very same
//! ones, it is sent again.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use chrono_tz::Tz;
use flate2::Compression;
use flate2::write::GzEncoder;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use scheduling_app::availability::{FindSlots, FoundSlots};

use crate::http::problem::Problem;
use crate::rest::v1;

/// What an answer was asked with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    pub(crate) slots: FindSlots,
    pub(crate) zone: Tz,
    pub(crate) flat: bool,
}

/// Written answers, within a number of bytes.
pub(crate) struct Rendered(Option<Cache<Asked, Arc<Written>, Size>>);

/// A written answer.
struct Written {
    /// What it was made of. Being kept here, no other answer can take its place in memory.
    found: Arc<FoundSlots>,
    body: Bytes,
    tag: String,
    gzip: OnceLock<Option<Bytes>>,
    brotli: OnceLock<Option<Bytes>>,
}

impl Rendered {
    /// Keeps so many bytes; with 0 none.
    pub(crate) fn new(bytes: usize) -> Self {
        let items = (bytes / 16_384).max(16);
        Self((bytes > 0).then(|| Cache::with_weighter(items, bytes as u64, Size)))
    }

    /// Answers with what was found, written by `write` unless it was written before.
    ///
    /// # Errors
    /// 500 when it cannot be written.
    pub(crate) fn answer<T: serde::Serialize>(
        &self,
        request: &HttpRequest,
        asked: &Asked,
        found: &Arc<FoundSlots>,
        write: impl FnOnce() -> T,
    ) -> Result<HttpResponse, Problem> {
        let kept = self.0.as_ref().and_then(|kept| kept.get(asked));
        let written = match kept.filter(|kept| Arc::ptr_eq(&kept.found, found)) {
            Some(written) => written,
            None => self.keep(asked, Written::new(Arc::clone(found), &write())?),
        };
        Ok(written.respond(request))
    }

    fn keep(&self, asked: &Asked, written: Written) -> Arc<Written> {
        let written = Arc::new(written);
        if let Some(kept) = &self.0 {
            kept.insert(asked.clone(), Arc::clone(&written));
        }
        written
    }
}

impl Written {
    fn new<T: serde::Serialize>(found: Arc<FoundSlots>, body: &T) -> Result<Self, Problem> {
        let body = v1::written(body)?;
        Ok(Self {
            found,
            tag: v1::entity_tag(&body),
            body: body.into(),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        })
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let is_known = v1::names_tag(request.headers(), &self.tag);
        let status = if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        };
        let mut response = HttpResponse::build(status);
        response
            .insert_header((header::ETAG, self.tag.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::VARY, "accept-encoding"))
            .content_type("application/json");
        if is_known {
            return response.finish();
        }
        let (body, coding) = self.coded(request);
        if let Some(coding) = coding {
            response.insert_header(coding);
        }
        response.body(body)
    }

    /// The body in the coding that the client likes best, worked out the first time that somebody wants it.
    fn coded(&self, request: &HttpRequest) -> (Bytes, Option<ContentEncoding>) {
        let codings = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
        let wanted = AcceptEncoding::parse(request)
            .ok()
            .and_then(|accept| accept.negotiate(codings.iter()));
        let (coded, coding) = if wanted == Some(Encoding::brotli()) {
            let coded = self.brotli.get_or_init(|| brotli(&self.body));
            (coded.clone(), ContentEncoding::Brotli)
        } else if wanted == Some(Encoding::gzip()) {
            let coded = self.gzip.get_or_init(|| gzip(&self.body));
            (coded.clone(), ContentEncoding::Gzip)
        } else {
            (None, ContentEncoding::Identity)
        };
        match coded {
            Some(coded) => (coded, Some(coding)),
            None => (self.body.clone(), None),
        }
    }
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn brotli(body: &[u8]) -> Option<Bytes> {
    let mut coded = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 5,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*body, &mut coded, &parameters).ok()?;
    Some(coded.into())
}

/// Weighs written answers, with the codings they may get: together about a third of the body.
#[derive(Clone)]
struct Size;

impl Weighter<Asked, Arc<Written>> for Size {
    fn weight(&self, _asked: &Asked, written: &Arc<Written>) -> u64 {
        (written.body.len() * 4 / 3 + size_of::<Written>() + 1024) as u64
    }
}
