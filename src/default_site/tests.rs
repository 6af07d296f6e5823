use super::*;

/// WCAG 2.2, success criterion 1.4.3 (AA): 4.5 to 1 for text of normal size.
#[test]
fn text_has_contrast_in_both_themes() {
    let style = SITE.files[2].1;
    let (light, dark) = style.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let pairs = [
        ("ink", "page"),
        ("soft", "page"),
        ("faint", "page"),
        ("accent", "page"),
        ("ink", "card"),
        ("soft", "card"),
        ("accent", "accent-soft"),
        ("good", "good-soft"),
        ("soft", "good-soft"),
        ("page", "good"),
        ("code-ink", "code"),
        ("code-dim", "code"),
        ("gold", "code"),
        ("ink", "glow"),
        ("soft", "glow"),
    ];
    for (theme, text) in [("light", light), ("dark", dark)] {
        for (front, back) in pairs {
            let ratio = contrast(luminance(text, front), luminance(text, back));
            assert!(ratio >= 4.5, "{theme}: {front} on {back} is {ratio:.2}");
        }
    }
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance (WCAG 2.2) of the colour that `--name: #rrggbb` sets.
fn luminance(style: &str, name: &str) -> f64 {
    let (_, rest) = style.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("no --{name}"));
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&rest[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
