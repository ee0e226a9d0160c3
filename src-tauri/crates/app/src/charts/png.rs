//! A chart as pixels, for documents that take no SVG.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::{Code, Error, Result};

/// Pixels for one of the page's: sharp on paper, too.
const SCALE: f32 = 2.0;
/// Pixels of a picture, 4 bytes each.
const MOST: u64 = 64_000_000;
/// Faces for words, the first that is there: systems do not say which is theirs.
const FACES: &[&str] = &[
    "Segoe UI",
    "SF Pro Text",
    "Helvetica Neue",
    "Noto Sans",
    "Ubuntu",
    "Cantarell",
    "DejaVu Sans",
    "Liberation Sans",
    "Arial",
];

/// The system's fonts: looked for once.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    let has = |face: &&&str| fonts.faces().any(|known| known.families.iter().any(|(name, _)| name == **face));
    let any = || fonts.faces().find_map(|known| known.families.first().map(|(name, _)| name.clone()));
    if let Some(face) = FACES.iter().find(has).map(|face| (*face).to_owned()).or_else(any) {
        fonts.set_sans_serif_family(face);
    }
    Arc::new(fonts)
});

/// Draws one of our own SVGs as PNG.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let failed = |why: String| Error::new(Code::Failed, format!("drawing a chart as PNG: {why}"));
    if FONTS.is_empty() {
        return Err(failed("this system has no fonts; take the SVG".into()));
    }
    let options = Options { fontdb: FONTS.clone(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|why| failed(why.to_string()))?;
    let pixels = |length: f32| (length * SCALE).ceil() as u32;
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    let sheet = Pixmap::new(width, height).filter(|_| u64::from(width) * u64::from(height) <= MOST);
    let mut sheet = sheet.ok_or_else(|| failed(format!("{width} x {height} pixels are too many; take the SVG")))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut sheet.as_mut());
    sheet.encode_png().map_err(|why| failed(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_lines_are_there() {
        let svg = |text: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\" font-family=\"'No Such Face', sans-serif\">\
                 <rect width=\"40\" height=\"20\" fill=\"#ffffff\"/><text x=\"2\" y=\"14\">{text}</text></svg>"
            )
        };
        if FONTS.is_empty() {
            return println!("not tried: this system has no fonts");
        }
        let picture = png(&svg("lamp")).unwrap();
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
        let sheet = Pixmap::decode_png(&picture).unwrap();
        assert_eq!((sheet.width(), sheet.height()), (80, 40));
        assert!(sheet.pixels().iter().any(|pixel| pixel.red() < 100), "no word was drawn");
        let empty = Pixmap::decode_png(&png(&svg("")).unwrap()).unwrap();
        assert!(empty.pixels().iter().all(|pixel| pixel.red() == 255 && pixel.alpha() == 255));
        assert!(png("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9000\" height=\"9000\"/>").is_err());
        assert!(png("no picture").is_err());
    }
}
