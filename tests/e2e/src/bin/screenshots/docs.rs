//! The pictures of the guides, cut from those of the screens: what a window of 1440 by 900 shows of each.

use crate::camera::{THEMES, WIDTHS};
use anyhow::{Context, Result, bail};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Transformations};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A picture's name in the guides, and the screen that it is cut from.
const PICTURES: [(&str, &str); 7] = [
    ("flags", "flags"),
    ("editor", "edit-draft"),
    ("kill-control", "kill-ready"),
    ("kill", "kill-live"),
    ("run", "run"),
    ("fleet", "fleet"),
    ("xray", "xray-then"),
];

/// The screens that the guides show.
pub(crate) fn screens() -> Vec<String> {
    PICTURES.iter().map(|(_, screen)| (*screen).to_owned()).collect()
}

/// Puts them into a folder, in place of those that were there.
pub(crate) fn cut(screens: &Path, into: &Path) -> Result<()> {
    let (width, height) = WIDTHS[0];
    for theme in THEMES {
        for (name, screen) in PICTURES {
            let from = screens.join(format!("{screen}-{width}-{theme}.png"));
            let name = if theme == "light" { format!("{name}.png") } else { format!("{name}-{theme}.png") };
            top(&from, &into.join(name), height).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

/// The upper part of a picture, written as small as can be without another colour.
fn top(from: &Path, to: &Path, height: u32) -> Result<()> {
    let mut decoder = Decoder::new(BufReader::new(File::open(from)?));
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a picture that is too large")?];
    let read = reader.next_frame(&mut pixels)?;
    if read.height < height {
        bail!("it is {} pixels high, and {height} are wanted", read.height);
    }
    // Nothing of a page is transparent.
    let colours: Vec<u8> = match read.color_type {
        ColorType::Rgb => pixels,
        ColorType::Rgba => pixels.chunks_exact(4).flat_map(|pixel| pixel.iter().take(3)).copied().collect(),
        other => bail!("{other:?} is not what a browser writes"),
    };
    let kept = read.width as usize * height as usize * 3;
    let mut encoder = Encoder::new(File::create(to)?, read.width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    encoder.write_header()?.write_image_data(colours.get(..kept).context("a picture that is cut off")?)?;
    Ok(())
}
