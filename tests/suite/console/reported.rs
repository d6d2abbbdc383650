//! What reports mention: numbers, codes of records and nodes, and words of the charter.

use node_app::report::period::Period;
use node_app::report::{Cell, Chart, Report, Section, Table};

use super::figures::list_heard;
use super::found::progress;
use super::replies::{List, count, free, name, text};
use netsim::secrecy::Mentions;

pub(super) fn report(report: &Report, to: &mut List) {
    let Report {
        node,
        name: called,
        period,
        as_of: _,
        over: _,
        charter,
        role,
        role_title,
        catching_up,
        heard,
        withheld: _,
        sections,
    } = report;
    let Period {
        cadence: _,
        first: _,
        last: _,
    } = period;
    node.list(to);
    free(called, to);
    charter.list(to);
    name(*role, to);
    text(role_title, to);
    progress(*catching_up, to);
    heard.iter().for_each(|one| list_heard(one, to));
    for Section {
        id,
        title,
        withheld: _,
        notes,
        charts,
        tables,
    } in sections
    {
        free(id, to);
        text(title, to);
        notes.iter().for_each(|note| text(note, to));
        for Chart { title, bars } in charts {
            text(title, to);
            for (day, number) in bars {
                free(day, to);
                count("records of a report", None, *number, to);
            }
        }
        tables.iter().for_each(|one| table(one, to));
    }
}

fn table(table: &Table, to: &mut List) {
    let Table {
        title,
        columns,
        rows,
        total: _,
    } = table;
    text(title, to);
    columns.iter().for_each(|column| text(column, to));
    for cell in rows.iter().flatten() {
        match cell {
            Cell::None | Cell::Hidden | Cell::Time(_) | Cell::Length(_) => {}
            Cell::Words(words) => text(words, to),
            Cell::Code(code) => free(code, to),
            Cell::Number(number) => count("records of a report", None, *number, to),
        }
    }
}
