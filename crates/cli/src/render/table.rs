use crate::exit::Failure;
use crate::render::{Format, Output};
use owo_colors::OwoColorize;

/// Rows under headings: aligned for people, tab-separated without headings for scripts.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Table { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Rows that speak for themselves.
    pub(crate) fn untitled() -> Self {
        Table::new(&[])
    }

    /// A cell for each heading.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| one_line(&cell)).collect());
    }

    pub(crate) fn print(&self, output: &Output) -> Result<(), Failure> {
        for line in self.lines(output.format) {
            output.line(line)?;
        }
        Ok(())
    }

    pub(crate) fn lines(&self, format: Format) -> Vec<String> {
        if format != Format::Human {
            return self.rows.iter().map(|row| row.join("\t")).collect();
        }
        let columns = self.rows.iter().map(Vec::len).fold(self.headings.len(), usize::max);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let heading = self.headings.get(column).map_or(0, |heading| heading.chars().count());
                let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
                cells.fold(heading, usize::max)
            })
            .collect();
        let headings = self.headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>();
        let mut lines = Vec::new();
        if !headings.is_empty() {
            lines.push(aligned(&headings, &widths).dimmed().to_string());
        }
        lines.extend(self.rows.iter().map(|row| aligned(row, &widths)));
        lines
    }
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

/// Control characters, which could move the cursor or break the row, are shown as spaces.
pub(crate) fn one_line(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
