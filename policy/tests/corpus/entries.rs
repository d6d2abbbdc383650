//! How an entry is written: a name that says what is treacherous, and the charter.

/// A test for each entry, and the list of their names.
macro_rules! corpus {
    ($($(#[$about:meta])* $name:ident => $charter:expr;)+) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];
        $(
            $(#[$about])*
            #[test]
            fn $name() {
                let seen = crate::snapshot::Seen::seen(&$charter);
                crate::snapshot::hold(stringify!($name), &seen);
            }
        )+
    };
}

pub(crate) use corpus;
