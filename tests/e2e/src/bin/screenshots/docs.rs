//! The pictures of the guides: what a window of 1440 by 900 shows of some screens.

use crate::camera::THEMES;
use anyhow::{Context, Result};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

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

/// Where what a window shows of a screen is kept.
pub(crate) fn window(screens: &Path, screen: &str, theme: &str) -> PathBuf {
    screens.join(format!("{screen}-window-{theme}.png"))
}

/// Whether the guides show a screen.
pub(crate) fn shows(screen: &str) -> bool {
    PICTURES.iter().any(|(_, each)| *each == screen)
}

/// Puts them into a folder, in place of those that were there.
pub(crate) fn cut(screens: &Path, into: &Path) -> Result<()> {
    for theme in THEMES {
        for (name, screen) in PICTURES {
            let from = window(screens, screen, theme);
            let name = if theme == "light" { format!("{name}.png") } else { format!("{name}-{theme}.png") };
            reduce(&from, &into.join(name)).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

type Colour = [u8; 3];

/// Most colours of a picture with a palette, which is a third of one without.
const MOST: usize = 256;

/// The same picture with fewer colours: those between letters and their background take the nearest that is left.
fn reduce(from: &Path, to: &Path) -> Result<()> {
    let mut decoder = Decoder::new(BufReader::new(File::open(from)?));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().context("a picture that is too large")?];
    let read = reader.next_frame(&mut bytes)?;
    // Nothing of a page is transparent.
    let colour = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2]];
    let pixels: Vec<Colour> = bytes.chunks_exact(read.color_type.samples()).map(colour).collect();
    let palette = palette(&pixels);
    let mut places = HashMap::new();
    let place = |pixel: &Colour| *places.entry(*pixel).or_insert_with(|| nearest(&palette, *pixel));
    let places: Vec<u8> = pixels.iter().map(place).collect();
    let mut encoder = Encoder::new(File::create(to)?, read.width, read.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    encoder.write_header()?.write_image_data(&places)?;
    Ok(())
}

/// The colour that would be missed most is next: by how many pixels have it, and how far the nearest is.
fn palette(pixels: &[Colour]) -> Vec<Colour> {
    let mut counts: BTreeMap<Colour, u64> = BTreeMap::new();
    for pixel in pixels {
        *counts.entry(*pixel).or_default() += 1;
    }
    let mut missed: Vec<(Colour, u64, u64)> =
        counts.into_iter().map(|(colour, count)| (colour, count, u64::from(u32::MAX))).collect();
    let mut palette = Vec::new();
    while palette.len() < MOST {
        let Some((next, ..)) = missed.iter().max_by_key(|(_, count, far)| count * far).filter(|(.., far)| *far > 0)
        else {
            break;
        };
        let next = *next;
        palette.push(next);
        for (colour, _, far) in &mut missed {
            *far = (*far).min(distance(*colour, next));
        }
    }
    palette
}

fn nearest(palette: &[Colour], pixel: Colour) -> u8 {
    let place =
        palette.iter().enumerate().min_by_key(|(_, colour)| distance(**colour, pixel)).map_or(0, |(place, _)| place);
    // A palette has at most 256 colours.
    place as u8
}

fn distance(one: Colour, other: Colour) -> u64 {
    one.iter().zip(other).map(|(one, other)| u64::from(one.abs_diff(other)).pow(2)).sum()
}
