//! Days of the week and times of the day, as people wrote them into tables.

/// The days in English, and how a rule that recurs calls them.
const DAYS: [(&str, &str); 7] = [
    ("monday", "MO"),
    ("tuesday", "TU"),
    ("wednesday", "WE"),
    ("thursday", "TH"),
    ("friday", "FR"),
    ("saturday", "SA"),
    ("sunday", "SU"),
];

/// One day, several or a span of them, for BYDAY. Numbers count from Monday; there is no day nought.
pub(super) fn days(text: &str) -> Option<String> {
    let mut found = [false; 7];
    let text = text.to_ascii_lowercase().replace(" to ", "-").replace(" and ", ",").replace(['–', '—'], "-");
    for part in text.split([',', ';', '/', '&']).map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(part)?, day(part)?),
        };
        // A span may go over the end of the week.
        for place in (first..).take((last + 7 - first) % 7 + 1) {
            *found.get_mut(place % 7)? = true;
        }
    }
    let days: Vec<&str> = DAYS.iter().zip(found).filter(|(_, is)| *is).map(|((_, code), _)| *code).collect();
    (!days.is_empty()).then(|| days.join(","))
}

fn day(text: &str) -> Option<usize> {
    let text = text.trim().trim_end_matches('.');
    if let Ok(number) = text.parse::<usize>() {
        return number.checked_sub(1).filter(|place| *place < DAYS.len());
    }
    let text = text.strip_suffix('s').filter(|one| one.ends_with("day")).unwrap_or(text);
    let names = |(name, code): &(&str, &str)| {
        text.eq_ignore_ascii_case(code) || (text.len() >= 3 && name.starts_with(text))
    };
    DAYS.iter().position(names)
}

/// A time of the day as HSDS has it, such as 08:30. What is not surely one is nothing.
pub(super) fn time(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase().replace('.', ":");
    let lower = lower.replace("a:m:", "am").replace("p:m:", "pm").replace("a:m", "am").replace("p:m", "pm");
    let half = ["am", "pm"].into_iter().find(|half| lower.ends_with(half));
    let digits = half.and_then(|half| lower.strip_suffix(half)).unwrap_or(&lower).trim();
    let mut parts = digits.split(':');
    let (hour, minute) = (parts.next()?, parts.next());
    // A bare number is a time only with its half of the day.
    let minute: u8 = minute.or_else(|| half.map(|_| "0"))?.parse().ok()?;
    let second: u8 = parts.next().map_or(Some(0), |second| second.parse().ok())?;
    let hour: u8 = hour.parse().ok()?;
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("pm") => hour % 12 + 12,
        Some(_) => hour % 12,
    };
    let fits = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    fits.then(|| format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_understood_as_people_write_them_and_no_further() {
        for (text, expected) in [
            ("Monday", Some("MO")),
            ("mondays", Some("MO")),
            ("Tue", Some("TU")),
            ("TH", Some("TH")),
            ("7", Some("SU")),
            ("1", Some("MO")),
            ("Mon-Fri", Some("MO,TU,WE,TH,FR")),
            ("Saturday to Monday", Some("MO,SA,SU")),
            ("Wed, Mon & Fri", Some("MO,WE,FR")),
            ("Sunday–Thursday", Some("MO,TU,WE,TH,SU")),
            ("0", None),
            ("8", None),
            ("T", None),
            ("holiday", None),
            ("Mon-", None),
            ("", None),
        ] {
            assert_eq!(days(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn times_are_understood_as_people_write_them_and_no_further() {
        for (text, expected) in [
            ("9:00 AM", Some("09:00")),
            ("12:15 am", Some("00:15")),
            ("12 p.m.", Some("12:00")),
            ("5pm", Some("17:00")),
            ("08:30", Some("08:30")),
            ("8.30", Some("08:30")),
            ("17:00:00", Some("17:00")),
            ("24:00", None),
            ("13 pm", None),
            ("9", None),
            ("noon", None),
            ("8:61", None),
        ] {
            assert_eq!(time(text).as_deref(), expected, "{text}");
        }
    }
}
