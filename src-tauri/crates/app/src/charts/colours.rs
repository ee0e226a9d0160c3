//! The page's colours, for what is drawn outside it: `ui/src/app.css` and `ui/src/lib/kinds.ts` say the same, and a test holds them together.

use plotters::style::RGBColor;

use super::{OTHER, Theme};

/// Colours of one theme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    pub panel: RGBColor,
    pub line: RGBColor,
    pub line_strong: RGBColor,
    pub text: RGBColor,
    pub muted: RGBColor,
    pub accent: RGBColor,
    pub bad: RGBColor,
}

pub(super) fn palette(theme: Theme) -> Palette {
    match theme {
        Theme::Light => Palette {
            panel: RGBColor(0xff, 0xff, 0xff),
            line: RGBColor(0xd8, 0xdd, 0xe4),
            line_strong: RGBColor(0xb7, 0xbf, 0xca),
            text: RGBColor(0x17, 0x1c, 0x23),
            muted: RGBColor(0x52, 0x5c, 0x6a),
            accent: RGBColor(0x1c, 0x5a, 0xa3),
            bad: RGBColor(0xb0, 0x24, 0x1b),
        },
        Theme::Dark => Palette {
            panel: RGBColor(0x16, 0x1b, 0x22),
            line: RGBColor(0x28, 0x30, 0x3a),
            line_strong: RGBColor(0x43, 0x50, 0x60),
            text: RGBColor(0xdd, 0xe3, 0xea),
            muted: RGBColor(0xa6, 0xb1, 0xbf),
            accent: RGBColor(0x82, 0xb4, 0xf0),
            bad: RGBColor(0xf4, 0x93, 0x8a),
        },
    }
}

/// Okabe-Ito without black: as it is, lighter (60 % in white), darker (74 % in black), mixed in Oklab as the page does.
const HUES: [[RGBColor; 3]; 7] = [
    [RGBColor(0xe6, 0x9f, 0x00), RGBColor(0xf2, 0xc7, 0x87), RGBColor(0x99, 0x69, 0x00)],
    [RGBColor(0x56, 0xb4, 0xe9), RGBColor(0x9f, 0xd3, 0xf3), RGBColor(0x37, 0x77, 0x9c)],
    [RGBColor(0x00, 0x9e, 0x73), RGBColor(0x84, 0xc5, 0xa9), RGBColor(0x00, 0x68, 0x4b)],
    [RGBColor(0xf0, 0xe4, 0x42), RGBColor(0xf5, 0xf0, 0x9e), RGBColor(0xa0, 0x98, 0x29)],
    [RGBColor(0x00, 0x72, 0xb2), RGBColor(0x79, 0xaa, 0xd3), RGBColor(0x00, 0x4a, 0x76)],
    [RGBColor(0xd5, 0x5e, 0x00), RGBColor(0xeb, 0xa1, 0x7c), RGBColor(0x8e, 0x3c, 0x00)],
    [RGBColor(0xcc, 0x79, 0xa7), RGBColor(0xe3, 0xae, 0xca), RGBColor(0x88, 0x4f, 0x6e)],
];

/// Of what has no colour of its own; seen on both grounds.
const REST: RGBColor = RGBColor(0x8a, 0x93, 0x9f);

/// Kinds of one trade share a hue and differ in tone.
const KINDS: &[(&str, usize, usize)] = &[
    ("dns", 1, 0),
    ("mdns", 1, 1),
    ("llmnr", 1, 2),
    ("nbns", 1, 2),
    ("tls", 4, 0),
    ("quic", 4, 1),
    ("ssl", 4, 2),
    ("x509", 4, 2),
    ("http", 0, 0),
    ("websocket", 0, 1),
    ("files", 0, 2),
    ("mqtt", 2, 0),
    ("coap", 2, 1),
    ("tplink", 2, 2),
    ("dhcp", 3, 0),
    ("ntp", 3, 1),
    ("arp", 3, 2),
    ("icmp", 3, 2),
    ("station", 5, 0),
    ("wifi", 5, 1),
    ("log", 5, 2),
    ("presence", 5, 0),
    ("ssdp", 6, 0),
    ("upnp", 6, 1),
    ("onvif", 6, 2),
];

/// A colour for each name: a kind has its own, another one always the same, unless two in one chart would look alike.
pub(super) fn colours(names: &[&str], palette: &Palette) -> Vec<RGBColor> {
    // By name and not by place, so that a name keeps its colour when another one overtakes it.
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|n| (known(names[*n]).is_none(), names[*n]));
    let mut taken = [[false; 3]; 7];
    let mut given = vec![palette.accent; names.len()];
    for n in order {
        let name = names[n];
        if name.is_empty() {
            continue;
        }
        if name == OTHER {
            given[n] = REST;
            continue;
        }
        let (hue, tone) = known(name).unwrap_or_else(|| by_chance(name));
        let free = (0..21).map(|k| ((hue + k) % 7, (tone + k / 7) % 3)).find(|(hue, tone)| !taken[*hue][*tone]);
        let (hue, tone) = free.unwrap_or((hue, tone));
        taken[hue][tone] = true;
        given[n] = HUES[hue][tone];
    }
    given
}

fn known(name: &str) -> Option<(usize, usize)> {
    KINDS.iter().find(|(kind, ..)| *kind == name).map(|(_, hue, tone)| (*hue, *tone))
}

/// FNV-1a over UTF-16, as the page does: the same in every session and every case.
fn by_chance(name: &str) -> (usize, usize) {
    let sum = name.encode_utf16().fold(0x811c_9dc5_u32, |sum, unit| (sum ^ u32::from(unit)).wrapping_mul(0x0100_0193));
    ((sum % 7) as usize, ((sum >> 8) % 3) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSS: &str = include_str!("../../../../../ui/src/app.css");
    const PAGE: &str = include_str!("../../../../../ui/src/lib/kinds.ts");

    fn hex(RGBColor(r, g, b): RGBColor) -> String {
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    #[test]
    fn the_page_has_the_same_colours() {
        let (light, dark) = CSS.split_once(":root[data-theme='dark']").unwrap();
        for (css, theme) in [(light, Theme::Light), (dark, Theme::Dark)] {
            let p = palette(theme);
            for (name, colour) in [
                ("panel", p.panel),
                ("line", p.line),
                ("line-strong", p.line_strong),
                ("text", p.text),
                ("muted", p.muted),
                ("accent", p.accent),
                ("bad", p.bad),
            ] {
                assert!(css.contains(&format!("--{name}: {};", hex(colour))), "{theme:?} {name}");
            }
        }
        for (n, [plain, ..]) in HUES.iter().enumerate() {
            assert!(CSS.contains(&format!("--hue-{n}: {};", hex(*plain))), "{n}");
        }
        for (kind, hue, tone) in KINDS {
            assert!(PAGE.contains(&format!("{kind}: [{hue}, {tone}]")), "{kind}");
        }
        let known = PAGE.split_once("}; // prettier-ignore").unwrap().0.matches(": [").count();
        assert_eq!(known, KINDS.len());
        assert!(PAGE.contains("color-mix(in oklab, ${plain} 60%, white)") && PAGE.contains("${plain} 74%, black)"));
    }

    /// <https://bottosson.github.io/posts/oklab/>
    fn oklab(RGBColor(r, g, b): RGBColor) -> [f64; 3] {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let (r, g, b) = (linear(r), linear(g), linear(b));
        let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
        let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
        let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
        [
            0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
        ]
    }

    fn rgb([l, a, b]: [f64; 3]) -> RGBColor {
        let x = (l + 0.3963377774 * a + 0.2158037573 * b).powi(3);
        let y = (l - 0.1055613458 * a - 0.0638541728 * b).powi(3);
        let z = (l - 0.0894841775 * a - 1.2914855480 * b).powi(3);
        let gamma = |c: f64| {
            let c = c.clamp(0.0, 1.0);
            let c = if c <= 0.0031308 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
            (c * 255.0).round() as u8
        };
        RGBColor(
            gamma(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
            gamma(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
            gamma(-0.0041960863 * x - 0.7034186147 * y + 1.7076147010 * z),
        )
    }

    #[test]
    fn tones_are_mixed_as_the_page_mixes_them() {
        let mix = |colour, share: f64, with| {
            let (a, b) = (oklab(colour), oklab(with));
            rgb([0, 1, 2].map(|n| a[n] * share + b[n] * (1.0 - share)))
        };
        let expected = HUES.map(|[plain, ..]| {
            [plain, mix(plain, 0.6, RGBColor(255, 255, 255)), mix(plain, 0.74, RGBColor(0, 0, 0))].map(hex)
        });
        assert_eq!(HUES.map(|tones| tones.map(hex)), expected);
    }

    #[test]
    fn names_keep_their_colours_and_none_is_given_twice() {
        let p = palette(Theme::Light);
        let names = ["lamp", "dns", "hub", "plug", "door", "tv", OTHER];
        let turned: Vec<&str> = names.iter().rev().copied().collect();
        let (one, mut other) = (colours(&names, &p), colours(&turned, &p));
        other.reverse();
        assert_eq!(one, other);
        assert_eq!(one[1], HUES[1][0]);
        let mut all: Vec<String> = one.into_iter().map(hex).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), names.len());
        assert_eq!(colours(&[""], &p), [p.accent]);
        assert_eq!(colours(&["dns"; 40], &p).len(), 40);
    }

    /// WCAG 2.1, relative luminance.
    fn luminance(RGBColor(r, g, b): RGBColor) -> f64 {
        let part = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        for theme in [Theme::Light, Theme::Dark] {
            let p = palette(theme);
            for colour in [p.text, p.muted, p.bad] {
                let (a, b) = (luminance(colour), luminance(p.panel));
                let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(ratio >= 4.5, "{theme:?} {}: {ratio:.2}", hex(colour));
            }
        }
    }
}
