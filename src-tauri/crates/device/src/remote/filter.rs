//! Topic filters that may be asked for.

/// Why this filter is not subscribed to. Wildcards bring what nobody has asked for, so that they have to be wanted.
pub(super) fn check(filter: &str, wildcards: bool) -> Result<(), String> {
    let no = |why: &str| Err(format!("subscribing to '{}': {why}", filter.chars().take(200).collect::<String>()));
    if filter.is_empty() || filter.len() > 65_535 || filter.contains('\0') {
        return no("a topic filter has 1 to 65535 bytes");
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level != "#" || levels.peek().is_some()) {
            return no("# stands alone, as the last level");
        }
        if level.contains('+') && level != "+" {
            return no("+ stands alone in its level");
        }
    }
    if !wildcards && filter.contains(['#', '+']) {
        return no("it has wildcards, which bring what other people's devices say, too; say that wildcards are wanted");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_have_to_be_wanted() {
        for (filter, plain, wild) in [
            ("home/lamp", true, true),
            ("#", false, true),
            ("home/#", false, true),
            ("home/+/state", false, true),
            ("$share/group/home/#", false, true),
            ("home/#/x", false, false),
            ("home/a+", false, false),
            ("home#", false, false),
            ("", false, false),
            ("a\0", false, false),
        ] {
            assert_eq!((check(filter, false).is_ok(), check(filter, true).is_ok()), (plain, wild), "{filter:?}");
        }
    }
}
