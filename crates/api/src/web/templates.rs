//! The templates, each bound to the one context type it is rendered with.

use std::sync::LazyLock;

use chrono_tz::TZ_VARIANTS;
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value};
use rust_embed::RustEmbed;
use serde::Serialize;

use super::guest::RENAMED;
use super::wording;

#[derive(RustEmbed)]
#[folder = "templates"]
struct Sources;

/// What a template is rendered with.
pub(super) trait Page: Serialize {
    /// The template's name.
    const TEMPLATE: &'static str;
}

/// Reads all templates. `base` is the path the server is reached under, `assets` where its files stand.
pub(super) fn environment(
    base: &str,
    assets: &str,
) -> Result<Environment<'static>, minijinja::Error> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_name| AutoEscape::Html);
    templates.set_formatter(write_value);
    // A template that asks for what its context does not have is an error, not an empty page.
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_trim_blocks(true);
    templates.set_lstrip_blocks(true);
    templates.add_global("base", base);
    templates.add_global("assets", assets);
    templates.add_global("zone_options", Value::from_safe_string(ZONES.clone()));
    templates.add_filter("list", |items: Vec<String>, word: &str| {
        wording::list(&items, word)
    });
    templates.add_filter("apart", wording::apart);
    templates.add_filter("count", wording::count);
    templates.add_filter("first_name", |name: &str| {
        wording::first_name(name).to_owned()
    });
    templates.add_filter("paragraphs", wording::paragraphs);
    for name in Sources::iter() {
        if let Some(file) = Sources::get(&name) {
            let text = String::from_utf8_lossy(&file.data).into_owned();
            templates.add_template_owned(name.into_owned(), text)?;
        }
    }
    Ok(templates)
}

/// Writes a value, escaped unless it is markup already. The library's own escaping also replaces every slash, which
/// fills pages of links with `&#x2f;`; attributes here are always quoted, so these five are what matters.
fn write_value(
    out: &mut Output<'_>,
    state: &State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    let Some(text) = value.as_str().filter(|_| !value.is_safe()) else {
        return minijinja::escape_formatter(out, state, value);
    };
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (plain, special) = rest.split_at(at);
        out.write_str(plain)?;
        out.write_str(match special.as_bytes()[0] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &special[1..];
    }
    out.write_str(rest)?;
    Ok(())
}

/// The zones a guest can choose, as `option` elements in groups: cities by part of the world, and UTC. Old aliases
/// such as `US/Pacific` are left out; links with them still work.
static ZONES: LazyLock<String> = LazyLock::new(|| {
    const AREAS: [&str; 10] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ];
    let mut html = String::from("<option>UTC</option>");
    for area in AREAS {
        html.push_str("<optgroup label=\"");
        html.push_str(area);
        html.push_str("\">");
        for zone in TZ_VARIANTS {
            // Names are letters, digits and `/_+-`: nothing to escape.
            let renamed = RENAMED.iter().any(|(old, _)| *old == zone);
            if zone.name().split('/').next() == Some(area) && !renamed {
                html.push_str("<option>");
                html.push_str(zone.name());
                html.push_str("</option>");
            }
        }
        html.push_str("</optgroup>");
    }
    html
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_in_and_out_of_macros_and_filters() {
        let mut templates = environment("", "").unwrap();
        templates
            .add_template(
                "t",
                "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ x }}|{{ m(x) }}|{{ [x, x]|join(', ') }}|{{ [x]|list('and') }}|{{ {'a': x} }}",
            )
            .unwrap();
        let html = templates
            .get_template("t")
            .unwrap()
            .render(minijinja::context! { x => "<a href='/b'>&\"" })
            .unwrap();
        let escaped = "&lt;a href=&#39;/b&#39;&gt;&amp;&quot;";
        assert!(html.starts_with(&format!(
            "{escaped}|<i>{escaped}</i>|{escaped}, {escaped}|{escaped}|"
        )));
        assert!(
            !html.replace("<i>", "").replace("</i>", "").contains('<'),
            "{html}"
        );
    }

    #[test]
    fn every_zone_that_can_be_chosen_is_known() {
        let mut zones = 0;
        for part in ZONES.split("<option>").skip(1) {
            let name = part.split('<').next().unwrap();
            assert!(scheduling_core::time::zone::parse(name).is_ok(), "{name}");
            zones += 1;
        }
        assert!(zones > 400, "{zones}");
        assert!(ZONES.contains("<option>America/Sao_Paulo<"));
        assert!(!ZONES.contains("US/Pacific"));
        assert!(ZONES.contains("Asia/Kolkata<") && !ZONES.contains("Asia/Calcutta"));
    }
}
