//! Topics and filters (MQTT 5 section 4.7).

/// Whether a text can be a topic that is published to.
pub fn is_topic(text: &str) -> bool {
    is_name(text) && !text.contains(['+', '#'])
}

/// Whether a text can be a filter: `+` and `#` alone in their level, `#` in the last.
pub fn is_filter(text: &str) -> bool {
    let mut levels = text.split('/').rev();
    let last = levels.next().unwrap_or_default();
    is_name(text)
        && (last == "#" || last == "+" || !last.contains(['+', '#']))
        && levels.all(|level| level == "+" || !level.contains(['+', '#']))
}

/// Whether everything that `filter` (which may be a topic) stands for is within what `wide` stands for.
pub fn covers(wide: &str, filter: &str) -> bool {
    // Wildcards at the start mean no topic that begins with a dollar sign.
    if filter.starts_with('$') && wide.starts_with(['+', '#']) {
        return false;
    }
    let (mut wide, mut filter) = (wide.split('/'), filter.split('/'));
    loop {
        match (wide.next(), filter.next()) {
            (Some("#"), _) => return true,
            (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=65_535).contains(&text.len()) && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_cover_what_they_stand_for() {
        for (wide, filter, covered) in [
            ("a/b", "a/b", true),
            ("a/b", "a/b/", false),
            ("a/b", "a/+", false),
            ("a/+", "a/b", true),
            ("a/+", "a/+", true),
            ("a/+", "a/#", false),
            ("a/+", "a/b/c", false),
            ("a/#", "a", true),
            ("a/#", "a/b/+/d", true),
            ("a/#", "a/#", true),
            ("a/#", "#", false),
            ("a/#", "ab/c", false),
            ("#", "$SYS/x", false),
            ("+/x", "$SYS/x", false),
            ("$SYS/#", "$SYS/x", true),
        ] {
            assert_eq!(covers(wide, filter), covered, "{wide} {filter}");
        }
    }

    #[test]
    fn texts_that_are_filters_and_topics() {
        for (text, topic, filter) in [
            ("", false, false),
            ("a", true, true),
            ("/", true, true),
            ("a/+/b", false, true),
            ("#", false, true),
            ("a/#", false, true),
            ("a#", false, false),
            ("a/#/b", false, false),
            ("a+/b", false, false),
            ("a\0", false, false),
        ] {
            assert_eq!((is_topic(text), is_filter(text)), (topic, filter), "{text:?}");
        }
    }
}
