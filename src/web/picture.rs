//! The picture of an address that a telephone reads from paper.
//!
//! It holds the address of the page for the person and nothing else: a code or a PIN in an address would stand in the history of a telephone
//! that others borrow.

use qrcode::{EcLevel, QrCode, render::svg};

/// The picture of the page where somebody with a code sees how things stand, as SVG for a page; nothing when the address is too long for one.
pub(super) fn of_my_page(public_url: &str) -> String {
    let address = format!("{}/my", public_url.trim_end_matches('/'));
    // Paper is folded and gets wet: a quarter of it may be lost.
    let Ok(code) = QrCode::with_error_correction_level(address, EcLevel::Q) else { return String::new() };
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
    }
}
