//! `measure`: the county's figures, by the charter's measures, of what the person who asks may read.

use crdt_model::ids::{CharterVersion, Name};
use crdt_model::kind::Title;
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::time::WallTime;
use node_readmodel::measure::Cell;
use node_runtime::view::{Unanswered, View};
use policy::reading::measures::Measure;
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::use_case::{Does, LONG_QUESTION_S, Source, UseCase};
use crate::heard::{Heard, heard};
use crate::readable::reader;

/// Which figures are asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureRequest {
    /// These; all if none is named.
    #[serde(default)]
    pub measures: Vec<Name>,
    /// The first moment of the window.
    pub from: WallTime,
    /// The first after it.
    pub until: WallTime,
}

/// What figures came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// When they were taken, by this node's clock.
    pub as_of: WallTime,
    /// The window.
    pub from: WallTime,
    /// The first moment after it.
    pub until: WallTime,
    /// The charter whose definitions they follow.
    pub charter: CharterVersion,
    /// Whether the read model has not caught up yet, so that something may be missing.
    pub catching_up: bool,
    /// How far nodes were heard; none if the charter has no beats.
    pub heard: Option<Heard>,
    /// In the charter's order.
    pub figures: Vec<Figure>,
}

/// One of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// The measure.
    pub id: Name,
    /// What people call it.
    pub title: Title,
    /// What is counted.
    pub numerator: Title,
    /// Of what, if it is a share.
    pub denominator: Option<Title>,
    /// What the cells are.
    pub cells_are: Option<Title>,
    /// What the county publishes.
    pub published: Option<Title>,
    /// Stands for the definition: equal ones are comparable.
    pub definition: String,
    /// The numbers.
    pub cells: Vec<FigureCell>,
    /// Whether rows were left out that this role may not read.
    pub left_out: bool,
    /// Values that do not count, because two machines wrote as one node; `record left-out` lists them.
    #[serde(default)]
    pub not_counting: u64,
}

/// One number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FigureCell {
    /// What people call it, if the charter has a word for it.
    pub title: Option<Title>,
    /// The number.
    #[serde(flatten)]
    pub cell: Cell,
}

impl UseCase for MeasureRequest {
    const NEEDS: Capability = Capability::Person;
    const DEADLINE_S: Option<u64> = Some(LONG_QUESTION_S);
    type Answer = Figures;

    fn begin(self) -> Does<Figures> {
        Does::question(Source::ReadModel, move |view, caller| {
            measure(view, caller, &self)
        })
    }
}

fn measure(
    view: &View<'_>,
    caller: &Caller,
    request: &MeasureRequest,
) -> Result<Figures, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
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
    let ms = |wall: WallTime| i64::try_from(wall.ms).unwrap_or(i64::MAX);
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
    Ok(Figures {
        as_of,
        from,
        until,
        charter: view.adopted.version(),
        catching_up: catching_up.is_some(),
        heard: heard(view, role, until, as_of)?,
        figures,
    })
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
