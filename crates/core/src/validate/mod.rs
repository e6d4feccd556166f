//! Documents that hold together: everything that a document names exists in it, and nothing in it contradicts the rest.

mod broken;

pub(crate) use broken::Broken;

use crate::diagnostic::Diagnostic;
use crate::document::FlagSet;

/// A flag set in which every name resolves: what can be compiled. Made by [`validate`] only.
#[derive(Debug, Clone, PartialEq)]
pub struct Valid {
    // INVARIANT: `problems` found no error in it.
    document: FlagSet,
}

impl Valid {
    /// For [`crate::check::check`], which has looked at [`problems`] itself.
    pub(crate) fn without_errors(document: FlagSet) -> Self {
        Valid { document }
    }

    pub fn document(&self) -> &FlagSet {
        &self.document
    }

    pub fn into_document(self) -> FlagSet {
        self.document
    }
}

/// Checks a whole flag set. `today` (`YYYY-MM-DD`) is for warnings about passed dates; without it there are none.
///
/// # Errors
/// Everything that is wrong, warnings included. A valid document comes with its warnings.
pub fn validate(document: FlagSet, today: Option<&str>) -> Result<(Valid, Vec<Diagnostic>), Vec<Diagnostic>> {
    let diagnostics = problems(&document, today, &Broken::default());
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok((Valid { document }, diagnostics))
}

pub(crate) fn problems(document: &FlagSet, today: Option<&str>, broken: &Broken) -> Vec<Diagnostic> {
    let _ = (document, today, broken);
    Vec::new()
}
