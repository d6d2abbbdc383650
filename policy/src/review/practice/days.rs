//! Free days and worked weekends, as runs of days.

use std::collections::BTreeSet;

use crdt_model::calendar::{Calendar, Day};
use crdt_model::text;
use jiff::civil::date;
use jiff::{Span, ToSpan};

use super::{Section, Statements};

impl Statements {
    pub(super) fn calendar(&mut self, calendar: &Calendar) {
        if let Some(last) = calendar.known_until.map(shown) {
            let side = text!("节假日已知至", "holidays are known until");
            let says = text!("{last}", "{last}");
            self.add(Section::Calendar, "known_until", side, says);
        }
        for (first, last) in runs(&calendar.free) {
            let says = text!("放假至 {last}", "free until {last}");
            self.add(Section::Calendar, first, text!("放假", "free"), says);
        }
        for (first, last) in runs(&calendar.worked) {
            let says = text!("上班至 {last}", "worked until {last}");
            self.add(
                Section::Calendar,
                first,
                text!("周末上班", "worked weekend"),
                says,
            );
        }
    }
}

/// The first and the last day of each unbroken run.
fn runs(days: &BTreeSet<Day>) -> Vec<(String, String)> {
    let mut runs: Vec<(Day, Day)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if last.after(1) == *day => *last = *day,
            _ => runs.push((*day, *day)),
        }
    }
    let runs = runs.into_iter();
    runs.map(|(first, last)| (shown(first), shown(last)))
        .collect()
}

fn shown(day: Day) -> String {
    let span: Span = day.0.days();
    let day = date(1970, 1, 1).checked_add(span);
    day.map_or_else(|_| "—".to_owned(), |day| day.to_string())
}
