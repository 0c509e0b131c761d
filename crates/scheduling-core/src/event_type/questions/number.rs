//! Numbers as people type them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Not a number that an answer can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a number with at most 15 digits, 6 of them after the point")]
pub struct NotANumber;

/// Millionths in one.
const ONE: i64 = 1_000_000;

/// A decimal number of at most 15 digits, 6 of them after the point. It is kept exactly, and as a JSON number too: so
/// many digits survive the way through binary fractions.
///
/// ```
/// use scheduling_core::event_type::Number;
///
/// let number: Number = " 07.50 ".parse()?;
/// assert_eq!(number.to_string(), "7.5");
/// assert!("1e3".parse::<Number>().is_err());
/// # Ok::<(), scheduling_core::event_type::NotANumber>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    millionths: i64,
}

impl Number {
    /// Whether it has nothing after the point.
    pub fn is_whole(self) -> bool {
        self.millionths % ONE == 0
    }

    /// The nearest binary fraction. Reading its digits gives the number back.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Takes a binary fraction by its shortest digits.
    ///
    /// # Errors
    /// [`NotANumber`] when those are too many, or it is no number at all.
    pub fn from_f64(number: f64) -> Result<Self, NotANumber> {
        // Beyond it, `Display` would write hundreds of digits.
        if number.abs() < 1e15 {
            number.to_string().parse()
        } else {
            Err(NotANumber)
        }
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Self {
            millionths: i64::from(number) * ONE,
        }
    }
}

impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let text = text.trim();
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return Err(NotANumber);
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        // At most 12 digits before the point keep the millionths within an i64.
        if whole.len() > 12 || fraction.len() > 6 || whole.len() + fraction.len() > 15 {
            return Err(NotANumber);
        }
        let millionths = format!("{whole}{fraction:0<6}")
            .bytes()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Ok(Self {
            millionths: if negative { -millionths } else { millionths },
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.millionths < 0 { "-" } else { "" };
        let (whole, fraction) = (self.millionths.abs() / ONE, self.millionths.abs() % ONE);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{fraction:06}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_whole() {
            serializer.serialize_i64(self.millionths / ONE)
        } else {
            serializer.serialize_f64(self.to_f64())
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::from_f64(number).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_its_digits() {
        for (typed, kept) in [
            ("12", "12"),
            (" -0.50 ", "-0.5"),
            ("+.25", "0.25"),
            ("007.", "7"),
            ("-0", "0"),
            ("999999999999.999", "999999999999.999"),
            ("123456789.123456", "123456789.123456"),
        ] {
            assert_eq!(
                typed.parse::<Number>().unwrap().to_string(),
                kept,
                "{typed}"
            );
        }
        for bad in [
            "",
            ".",
            "-",
            "1,5",
            "1e3",
            "0x10",
            "NaN",
            "inf",
            "1 000",
            "--1",
            "1.2.3",
            "٣",
            "1000000000000",
            "0.0000001",
            "1234567890.123456",
        ] {
            assert_eq!(bad.parse::<Number>(), Err(NotANumber), "{bad}");
        }
        for bad in [f64::NAN, f64::INFINITY, 1e300, -1e300, 1e-300] {
            assert_eq!(Number::from_f64(bad), Err(NotANumber), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_fractions_keep_a_number(whole in -999_999_999_i64..=999_999_999, millionths in 0..ONE) {
            let number: Number = format!("{whole}.{millionths:06}").parse().unwrap();
            prop_assert_eq!(number.to_string().parse::<Number>(), Ok(number));
            prop_assert_eq!(Number::from_f64(number.to_f64()), Ok(number));
        }

        #[test]
        fn numbers_sort_as_numbers(a in -99_999..99_999_i32, b in -99_999..99_999_i32) {
            let cents = |n: i32| format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100);
            let (x, y): (Number, Number) = (cents(a).parse().unwrap(), cents(b).parse().unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
