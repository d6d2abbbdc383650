//! What the county's figures mention.

use netsim::secrecy::Mentions;
use node_app::heard::{Heard, Silent};
use node_app::snapshot::held::{Named, Shown};
use node_app::snapshot::{Corrected, Listed, Snapshot, Taken};
use node_app::use_cases::measure::{Figure, FigureCell, Figures};
use node_readmodel::measure::Cell;

use super::replies::{List, count, free, name, title};

pub(super) fn figures(figures: &Figures, to: &mut List) {
    let Figures {
        as_of: _,
        from: _,
        until: _,
        charter,
        catching_up: _,
        heard,
        figures,
    } = figures;
    charter.list(to);
    heard.iter().for_each(|one| list_heard(one, to));
    for Figure {
        id,
        title: words,
        numerator,
        denominator,
        cells_are,
        published,
        definition,
        cells,
        left_out: _,
        not_counting,
    } in figures
    {
        name(*id, to);
        let titles = [denominator, cells_are, published].into_iter().flatten();
        [words, numerator]
            .into_iter()
            .chain(titles)
            .for_each(|one| title(one, to));
        free(definition, to);
        count("values that do not count", None, *not_counting, to);
        for FigureCell { title: words, cell } in cells {
            words.iter().for_each(|one| title(one, to));
            list_cell(cell, to);
        }
    }
}

pub(super) fn list_heard(heard: &Heard, to: &mut List) {
    let Heard {
        expected,
        heard,
        oldest: _,
        silent,
    } = heard;
    for number in [expected, heard] {
        count("nodes", None, *number as u64, to);
    }
    for Silent {
        node,
        name,
        last: _,
    } in silent
    {
        node.list(to);
        free(name, to);
    }
}

/// What a snapshot mentions.
pub(super) fn snapshot(shown: &Shown, to: &mut List) {
    let Shown { snapshot, measures } = shown;
    let Snapshot {
        node,
        period: _,
        role,
        taken: _,
        charter,
        expected,
        heard,
        figures,
        corrected,
        counted,
        late,
        gone,
    } = snapshot;
    node.list(to);
    charter.list(to);
    name(*role, to);
    for number in [expected, heard] {
        count("nodes", None, *number, to);
    }
    for Taken {
        measure,
        definition,
        cells,
    } in figures
    {
        name(*measure, to);
        free(definition, to);
        cells.iter().for_each(|one| list_cell(one, to));
    }
    for Corrected {
        first: _,
        measure,
        cell,
    } in corrected
    {
        name(*measure, to);
        list_cell(cell, to);
    }
    for Listed {
        first: _,
        measure,
        codes,
    } in [counted, late, gone].into_iter().flatten()
    {
        name(*measure, to);
        codes.iter().for_each(|code| free(code, to));
    }
    for (
        measure,
        Named {
            title: words,
            cells,
        },
    ) in measures
    {
        name(*measure, to);
        title(words, to);
        for (cell, words) in cells {
            free(cell, to);
            title(words, to);
        }
    }
}

fn list_cell(cell: &Cell, to: &mut List) {
    let Cell {
        cell,
        numerator,
        denominator,
    } = cell;
    free(cell, to);
    let numbers = [numerator, denominator].into_iter().flatten();
    numbers.for_each(|number| count("figures", None, number.unsigned_abs(), to));
}
