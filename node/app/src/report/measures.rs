//! The county's measures over the period, each with the numbers that it is made of.

use super::ground::Ground;
use super::laid_out::{Cell, Section, Table};
use crdt_model::text;
use crdt_model::text::Text;
use node_readmodel::ReadModelError;

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let (from, until) = (ground.period.from_ms(), ground.period.until_ms());
    let (mut rows, mut withheld, mut some) = (Vec::new(), false, false);
    for measure in ground.measures {
        let measured = ground
            .model
            .measure(measure, from, until, ground.may_read)?;
        withheld |= measured.left_out;
        for cell in measured.cells {
            let named = measure.word_for(ground.kinds, &cell.cell);
            let name = match named {
                Some(title) => Cell::Words(Text::from(&title)),
                None if cell.cell == "all" => Cell::Words(text!("全部", "all")),
                None => Cell::Code(cell.cell.clone()),
            };
            some |= cell.numerator != Some(0) || cell.denominator.unwrap_or(0) > 0;
            rows.push(vec![
                Cell::Words(Text::from(&measure.title)),
                name,
                cell.numerator.map_or(Cell::Hidden, number),
                cell.denominator.map_or(Cell::None, number),
                share(cell.numerator, cell.denominator),
            ]);
        }
    }
    if !some {
        return Ok(None);
    }
    let notes = vec![text!(
        "口径见章程 measures.toml；比率一律同时给出分子和分母",
        "as measures.toml of the charter defines them; no share without its two numbers"
    )];
    Ok(Some(Section {
        id: "measures".to_owned(),
        title: text!("统计指标", "Measures"),
        withheld,
        notes,
        charts: Vec::new(),
        tables: vec![Table {
            title: text!("周期内各项指标", "Measures over the period"),
            columns: vec![
                text!("指标", "Measure"),
                text!("类别", "Cell"),
                text!("分子或计数", "Numerator, or count"),
                text!("分母", "Denominator"),
                text!("比率", "Share"),
            ],
            rows,
            total: false,
        }],
    }))
}

fn number(number: i64) -> Cell {
    u64::try_from(number).map_or(Cell::None, Cell::Number)
}

fn share(numerator: Option<i64>, denominator: Option<i64>) -> Cell {
    match (numerator, denominator) {
        (Some(number), Some(of)) if of > 0 => {
            Cell::Code(format!("{:.2}%", 100.0 * number as f64 / of as f64))
        }
        _ => Cell::None,
    }
}
