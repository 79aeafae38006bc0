//! Pictures of a text that a telephone reads from paper or from a screen (QR codes). They are drawn here, so that what is in them goes through no
//! other program.

use qrcode::{EcLevel, QrCode, render::svg};

/// The picture of the page where somebody with a code sees how things stand, for paper. It holds the address and nothing else: a code or a PIN in an
/// address would stand in the history of a telephone that others borrow.
pub(super) fn of_my_page(public_url: &str) -> String {
    let address = format!("{}/my", public_url.trim_end_matches('/'));
    // Paper is folded and gets wet: a quarter of it may be lost.
    drawn(&address, EcLevel::Q)
}

/// The picture of a text for a screen.
pub(super) fn of_text(text: &str) -> String {
    drawn(text, EcLevel::M)
}

/// One element for a page, SVG; nothing when the text is too long for a picture.
fn drawn(text: &str, level: EcLevel) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, level) else { return String::new() };
    let drawn = code.render::<svg::Color<'_>>().module_dimensions(1, 1).build();
    // What comes before the element is for a file of its own.
    drawn.find("<svg").and_then(|at| drawn.get(at..)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_one_element_without_styles_and_says_one_thing() {
        let drawn = of_my_page("https://hub.example/");
        assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>"), "{drawn}");
        assert!(
            !drawn.contains("style=") && !drawn.contains("<?xml") && !drawn.contains("script"),
            "{drawn}"
        );
        assert_eq!(drawn, of_my_page("https://hub.example"), "nothing is in it but the address");
        assert_ne!(drawn, of_my_page("https://other.example"));
        assert!(of_my_page(&"x".repeat(4_000)).is_empty());
        assert_ne!(of_text("https://hub.example/my"), drawn, "less of it may be lost on a screen");
    }
}
