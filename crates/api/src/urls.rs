//! Where things are: the paths of pages and of the API, and the absolute links in mails.

use scheduling_core::ports::Links;
use scheduling_core::text::Slug;

/// Absolute links under the address by which guests reach the server.
#[derive(Debug, Clone)]
pub struct Urls {
    base: String,
}

impl Urls {
    /// Links under an address such as `https://meet.example.org`.
    pub fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// The address itself, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The page on which members sign in.
    pub fn sign_in(&self) -> String {
        format!("{}/sign-in", self.base)
    }

    /// The page that lists what guests can book in a workspace.
    pub fn workspace(&self, workspace: &Slug) -> String {
        format!("{}/book/{workspace}", self.base)
    }
}

impl Links for Urls {
    fn event_type(&self, workspace: &Slug, event_type: &Slug) -> String {
        format!("{}/book/{workspace}/{event_type}", self.base)
    }

    fn manage_booking(&self, token: &str) -> String {
        format!("{}/b/{token}", self.base)
    }

    fn cancel_booking(&self, token: &str) -> String {
        format!("{}/b/{token}/cancel", self.base)
    }

    fn reschedule_booking(&self, token: &str) -> String {
        format!("{}/b/{token}/reschedule", self.base)
    }

    fn host_booking(&self, token: &str) -> String {
        format!("{}/h/{token}", self.base)
    }

    fn host_cancel(&self, token: &str) -> String {
        format!("{}/h/{token}/cancel", self.base)
    }

    fn host_reschedule(&self, token: &str) -> String {
        format!("{}/h/{token}/reschedule", self.base)
    }

    fn accept_invitation(&self, token: &str) -> String {
        format!("{}/invitations/{token}", self.base)
    }

    fn reset_password(&self, token: &str) -> String {
        format!("{}/reset-password/{token}", self.base)
    }
}

/// The path of a booking in the API.
pub fn api_booking(token: &str) -> String {
    format!("/api/v1/public/bookings/{token}")
}

/// The path of a picture in the API.
pub fn api_image(image: &str) -> String {
    format!("/api/v1/public/images/{image}")
}

/// The path of a hold in the API.
pub fn api_hold(token: &str) -> String {
    format!("/api/v1/public/holds/{token}")
}
