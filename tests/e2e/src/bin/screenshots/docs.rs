//! The pictures of the guides, cut from those of the screens: what a window of 1440 by 900 shows of each.

use crate::camera::{THEMES, WIDTHS};
use anyhow::{Context, Result, bail};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};
use std::collections::HashMap;
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

type Colour = [u8; 3];

/// Most colours of a picture with a palette, which is a third of one without.
const MOST: usize = 256;

/// The upper part of a picture, in its most frequent colours; the rest, between letters and their background, takes the nearest.
fn top(from: &Path, to: &Path, height: u32) -> Result<()> {
    let mut decoder = Decoder::new(BufReader::new(File::open(from)?));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().context("a picture that is too large")?];
    let read = reader.next_frame(&mut bytes)?;
    if read.height < height {
        bail!("it is {} pixels high, and {height} are wanted", read.height);
    }
    let kept = read.width as usize * height as usize;
    // Nothing of a page is transparent.
    let colour = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2]];
    let pixels: Vec<Colour> = bytes.chunks_exact(read.color_type.samples()).take(kept).map(colour).collect();
    let palette = palette(&pixels);
    let mut places = HashMap::new();
    let place = |pixel: &Colour| *places.entry(*pixel).or_insert_with(|| nearest(&palette, *pixel));
    let places: Vec<u8> = pixels.iter().map(place).collect();
    let mut encoder = Encoder::new(File::create(to)?, read.width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    encoder.write_header()?.write_image_data(&places)?;
    Ok(())
}

fn palette(pixels: &[Colour]) -> Vec<Colour> {
    let mut counts: HashMap<Colour, usize> = HashMap::new();
    for pixel in pixels {
        *counts.entry(*pixel).or_default() += 1;
    }
    let mut colours: Vec<(usize, Colour)> = counts.into_iter().map(|(colour, count)| (count, colour)).collect();
    colours.sort_unstable_by(|one, other| other.cmp(one));
    colours.into_iter().take(MOST).map(|(_, colour)| colour).collect()
}

fn nearest(palette: &[Colour], pixel: Colour) -> u8 {
    let far = |colour: &Colour| -> u32 {
        colour.iter().zip(pixel).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let place = palette.iter().enumerate().min_by_key(|(_, colour)| far(colour)).map_or(0, |(place, _)| place);
    // A palette has at most 256 colours.
    place as u8
}
