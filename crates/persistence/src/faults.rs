//! Bugs on purpose, so that the history checker can be seen to find them.
//!
//! Only with the feature `fault-injection`, which no release can have, and only where the environment asks for it.

#[cfg(all(feature = "fault-injection", not(debug_assertions)))]
compile_error!(
    "`fault-injection` is for debug builds: what is released must not be able to forget its locks"
);

/// Whether hosts are neither locked nor their revisions raised: `FAULTY_LOCKS=off`.
#[cfg(feature = "fault-injection")]
pub(crate) fn locks_are_off() -> bool {
    static OFF: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        std::env::var_os("FAULTY_LOCKS").is_some_and(|value| value == "off")
    });
    *OFF
}

/// They are locked.
#[cfg(not(feature = "fault-injection"))]
pub(crate) const fn locks_are_off() -> bool {
    false
}
