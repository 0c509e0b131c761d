//! Journeys through the real binary are in `it`. Here the README's example is compiled and run as a doctest.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
