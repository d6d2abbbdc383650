//! The county's figures: the charter's measures, asked of what the person who asks may read.

use crdt_model::ids::Name;
use policy::reading::measures::Measure;

use super::finding::reader;
use super::heard::heard;
use super::records::role_of;
use crate::asked::measuring::{Figure, FigureCell, Figures, MeasureRequest};
use crate::asked::protocol::Reply;
use crdt_model::text;
use crdt_model::text::Problem;
use node_readmodel::measure::Cell;
use node_runtime::view::{Unanswered, View};

pub(super) fn measure(view: &View<'_>, request: &MeasureRequest) -> Result<Reply, Unanswered> {
    let role = role_of(&view.adopted, request.role)?;
    let charter = view.adopted.charter();
    let (from, until) = (request.from, request.until);
    if from >= until {
        return Err(no_window().into());
    }
    let wanted =
        |measure: &&Measure| request.measures.is_empty() || request.measures.contains(&measure.id);
    let known = |id: &Name| charter.measures().iter().any(|measure| measure.id == *id);
    if let Some(id) = request.measures.iter().find(|id| !known(id)) {
        return Err(no_such_measure(*id).into());
    }
    let (model, catching_up) = view.read_model()?;
    let ms = |wall: crdt_model::time::WallTime| i64::try_from(wall.ms).unwrap_or(i64::MAX);
    let readable = reader(view, role);
    let mut figures = Vec::new();
    for measure in charter.measures().iter().filter(wanted) {
        let measured = model.measure(measure, ms(from), ms(until), &readable)?;
        let titled = |cell: Cell| FigureCell {
            title: measure.word_for(view.charter.kinds(), &cell.cell),
            cell,
        };
        figures.push(Figure {
            id: measure.id,
            title: measure.title.clone(),
            numerator: measure.numerator.clone(),
            denominator: measure.denominator.clone(),
            cells_are: measure.cells.clone(),
            published: measure.published.clone(),
            definition: hex::encode(measure.definition()),
            cells: measured.cells.into_iter().map(titled).collect(),
            left_out: measured.left_out,
            not_counting: measured.not_counting,
        });
    }
    let as_of = view.now;
    Ok(Reply::Figures(Box::new(Figures {
        as_of,
        from,
        until,
        charter: view.adopted.version(),
        catching_up: catching_up.is_some(),
        heard: heard(view, role, until, as_of)?,
        figures,
    })))
}

fn no_window() -> Problem {
    Problem::new(
        "no-window",
        text!("统计起点不早于终点", "the window ends before it begins"),
        text!("--from 须早于 --until", "--from must be before --until"),
    )
}

fn no_such_measure(id: Name) -> Problem {
    Problem::new(
        "no-such-measure",
        text!("章程没有指标 {id}", "the charter has no measure `{id}`"),
        text!(
            "用 mesh-node measure 查看全部指标",
            "mesh-node measure shows them all"
        ),
    )
}
