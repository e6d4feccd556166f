use super::Act;
use std::rc::Rc;
use yew::prelude::*;

/// What stood on the page when a form was opened, for as long as that is open: what it became since, nobody has looked at. Whoever
/// is refused for that looks again: from then on it is of what it has become by then, or becomes next.
#[hook]
pub fn use_looked_at<T: PartialEq + 'static>(open: Option<&'static str>, act: &Act, now: T) -> Rc<T> {
    let refused = act.state.failure.as_ref().is_some_and(|why| matches!(why.code(), "changed-since" | "not-now"));
    let looked = use_mut_ref(|| None::<Looked<T>>);
    let next = Looked::next(looked.take(), (open, refused), now);
    let at = Rc::clone(&next.at);
    looked.replace(Some(next));
    at
}

/// Which form is open, and whether it was refused for what changed since.
type Form = (Option<&'static str>, bool);

#[derive(Debug)]
struct Looked<T> {
    form: Form,
    at: Rc<T>,
    /// The page shows what was refused to be overlooked.
    is_current: bool,
}

impl<T: PartialEq> Looked<T> {
    fn next(before: Option<Looked<T>>, form: Form, now: T) -> Self {
        match before {
            Some(looked) if looked.form == form && (looked.is_current || *looked.at == now) => looked,
            before => {
                let is_other = before.is_some_and(|looked| *looked.at != now);
                Looked { form, at: Rc::new(now), is_current: !form.1 || is_other }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_under_an_open_form_is_looked_at_once_that_is_refused() {
        const OPEN: Form = (Some("approve"), false);
        const REFUSED: Form = (Some("approve"), true);
        let after = |steps: &[(Form, u32)]| {
            let mut looked = None;
            for (form, now) in steps {
                looked = Some(Looked::next(looked, *form, *now));
            }
            looked.map(|looked| *looked.at)
        };
        assert_eq!(after(&[((None, false), 1), (OPEN, 2), (OPEN, 3)]), Some(2));
        assert_eq!(
            after(&[(OPEN, 2), (OPEN, 3), (REFUSED, 3), (REFUSED, 4)]),
            Some(3),
            "it had come before the refusal"
        );
        assert_eq!(after(&[(OPEN, 2), (REFUSED, 2), (REFUSED, 3), (REFUSED, 4)]), Some(3), "it comes after it");
        assert_eq!(after(&[(OPEN, 2), (OPEN, 3), ((Some("reject"), false), 3)]), Some(3), "another form");
    }
}
