//! Parts that pages share. They take data and callbacks, and know neither backend nor address.

mod act_bar;
mod choice_bar;
mod dialog;
mod failure;
mod hold_button;
mod icon;
mod lamps;
mod marked;
mod not_yet;
mod palette;
mod placed;
mod raw_input;
mod sentence;
mod share_bar;
mod skeleton;
mod toasts;
mod tokens;
mod variant;

pub use act_bar::{ActBar, ActItem, Look, Reason};
pub use choice_bar::{Choice, ChoiceBar};
pub use dialog::Dialog;
pub use failure::{Empty, FailureCard, Missing};
pub use hold_button::HoldButton;
pub use icon::{Icon, Sail, Sign};
pub use lamps::Lamps;
pub use marked::marked;
pub use not_yet::NotYet;
pub use palette::{Entry, Palette};
pub use placed::Placed;
pub use raw_input::{Notation, RawInput};
pub use sentence::SentenceText;
pub use share_bar::{ShareBar, strip};
pub use skeleton::{CardSkeleton, RowsSkeleton};
pub use toasts::ToastList;
pub use tokens::Tokens;
pub use variant::{Swatches, Variant};
