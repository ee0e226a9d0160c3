//! Values that the router replaced by asterisks before it handed out the report.

/// What stands where nothing is left of a value.
pub const MASKED: &str = "masked by device";

/// Fewer asterisks may be someone's own.
const RUN: &str = "****";

pub fn is_masked(text: &str) -> bool {
    text.contains(RUN)
}

/// A value as it may be shown: never asterisks as if they were data. What the device left is kept: `android-… (masked by device)`.
pub fn shown(text: &str) -> String {
    if !is_masked(text) {
        return text.to_owned();
    }
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(RUN) {
        left.push_str(before);
        left.push('…');
        rest = after.trim_start_matches('*');
    }
    left.push_str(rest);
    match left.chars().any(char::is_alphanumeric) && left != "….local" {
        true => format!("{left} ({MASKED})"),
        false => MASKED.to_owned(),
    }
}

/// An IPv6 address that was overwritten with zeros; the real unspecified and loopback addresses lose their digits the same way.
pub fn is_masked_ipv6(text: &str) -> bool {
    text.contains(':') && text.chars().all(|c| matches!(c, '0' | ':' | '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asterisks_are_no_data() {
        for (text, expected) in [
            ("osmc", "osmc"),
            ("a*b", "a*b"),
            ("********", "masked by device"),
            ("{************}", "masked by device"),
            ("****************.local", "masked by device"),
            ("android-****************", "android-… (masked by device)"),
            ("*************XDU.local", "…XDU.local (masked by device)"),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert!(is_masked_ipv6("0000::0000:0000:0000:0000/00"));
        assert!(!is_masked_ipv6("fe80::1") && !is_masked_ipv6("0"));
    }
}
