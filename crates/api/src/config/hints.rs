//! What can be used as it is set, and is probably not meant so.

use super::Config;

impl Config {
    /// What somebody should look at again, as sentences.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let is_encrypted = self
            .http
            .public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https");
        if is_encrypted && self.http.trusted_proxies.0.is_empty() {
            hints.push(
                "http.public_url is https, so that a proxy stands in front, and http.trusted_proxies names none: all \
                 guests count as one client. Name the proxy's address there."
                    .to_owned(),
            );
        }
        hints
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format as _, Toml};

    use super::*;

    fn hints(file: &str) -> usize {
        let config: Config = Figment::from(Toml::string(file)).extract().unwrap();
        config.hints().len()
    }

    #[test]
    fn a_proxy_that_is_not_named_is_noticed() {
        assert_eq!(hints("[http]\npublic_url = 'https://meet.example.org'"), 1);
        assert_eq!(hints("[http]\npublic_url = 'http://localhost:8000'"), 0);
        assert_eq!(hints(""), 0);
        let named =
            "[http]\npublic_url = 'https://meet.example.org'\ntrusted_proxies = ['10.0.0.1']";
        assert_eq!(hints(named), 0);
    }
}
