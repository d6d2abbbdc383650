//! What the county's figures mention.

use netsim::secrecy::Mentions;
use node::control::measuring::{Figure, FigureCell, Figures};
use node::readmodel::measure::Cell;

use super::replies::{List, count, free, name, title};

pub(super) fn figures(figures: &Figures, to: &mut List) {
    let Figures {
        as_of: _,
        from: _,
        until: _,
        charter,
        catching_up: _,
        figures,
    } = figures;
    charter.list(to);
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
    } in figures
    {
        name(*id, to);
        let titles = [denominator, cells_are, published].into_iter().flatten();
        [words, numerator]
            .into_iter()
            .chain(titles)
            .for_each(|one| title(one, to));
        free(definition, to);
        for FigureCell { title: words, cell } in cells {
            words.iter().for_each(|one| title(one, to));
            let Cell {
                cell,
                numerator,
                denominator,
            } = cell;
            free(cell, to);
            let numbers = [numerator, denominator].into_iter().flatten();
            numbers.for_each(|number| count("figures", None, number.unsigned_abs(), to));
        }
    }
}
