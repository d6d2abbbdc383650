//! `measure`: the county's figures, each with what it is made of.

use crdt_model::ids::Name;
use crdt_model::kind::Title;
use crdt_model::time::WallTime;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::table::table;
use super::values::{self, Said};
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::measure::{Figure, FigureCell, Figures, MeasureRequest};
use node_machine::time::shown;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "MEASURE", value_parser = values::name)]
    measures: Vec<Name>,
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: WallTime,
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: WallTime,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

fn moment(text: &str) -> Result<WallTime, Said> {
    let ms = node_machine::time::read(text).map_err(Said)?;
    Ok(WallTime::from_ms(u64::try_from(ms).unwrap_or(0)))
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "查看章程规定的统计指标；比率一律同时给出分子和分母。",
        "Show the measures that the charter defines; no share without its two numbers."
    ))
    .argument(
        "measures",
        text!("指标名称，不填为全部", "which ones; all if none is named"),
    )
    .argument(
        "from",
        text!(
            "统计起点，如 2026-01-01（北京时间）",
            "from when, such as 2026-01-01, Beijing time"
        ),
    )
    .argument("until", text!("统计终点，不含此刻", "until before when"))
    .role()
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let Arguments {
        measures,
        from,
        until,
        role,
    } = arguments;
    let request = MeasureRequest {
        measures,
        from,
        until,
    };
    let figures = context.ask_as(role, None, request)?;
    let text = figures_text(&figures, context.output.language);
    Ok(Answer::of::<MeasureRequest>(text, &figures))
}

fn figures_text(figures: &Figures, language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let (from, until, as_of) = (
        shown(figures.from),
        shown(figures.until),
        shown(figures.as_of),
    );
    let charter = figures.charter;
    let mut text = say(text!(
        "{from} 至 {until}（不含），截至 {as_of}，章程第 {charter} 版\n",
        "{from} until {until}, as of {as_of}, charter version {charter}\n"
    ));
    if figures.catching_up {
        text.push_str(&say(text!(
            "查询库正在更新，数字可能不全\n",
            "the read model is catching up; numbers may be incomplete\n"
        )));
    }
    if let Some(heard) = &figures.heard {
        text.push_str(&format!("{}\n", say(heard.told(figures.as_of))));
    }
    for figure in &figures.figures {
        text.push('\n');
        text.push_str(&figure_text(figure, language));
    }
    text
}

fn figure_text(figure: &Figure, language: Language) -> String {
    let said = |title: &Title| match language {
        Language::Zh => title.zh.clone(),
        Language::En => title.en.clone(),
    };
    let mut text = format!("{}  {}\n", said(&figure.title), figure.id);
    let numerator = said(&figure.numerator);
    let of = figure.denominator.as_ref().map(said);
    let made = match of {
        Some(of) => text!(
            "  分子：{numerator}；分母：{of}\n",
            "  {numerator}, of: {of}\n"
        ),
        None => text!("  计数：{numerator}\n", "  {numerator}\n"),
    };
    text.push_str(made.in_language(language));
    let rows: Vec<Vec<String>> = figure
        .cells
        .iter()
        .map(|cell| row(cell, language))
        .collect();
    text.push_str(&table(&[], &rows, &[1, 2]));
    if let [_, _, ..] = figure.cells[..] {
        let sum: i64 = figure
            .cells
            .iter()
            .filter_map(|one| one.cell.numerator)
            .sum();
        let all_told = figure.cells.iter().all(|one| one.cell.numerator.is_some());
        if all_told && figure.denominator.is_none() {
            text.push_str(text!("  合计 {sum}\n", "  {sum} in all\n").in_language(language));
        }
    }
    if figure.cells.iter().any(|one| one.cell.numerator.is_none()) {
        let note = text!(
            "  — 数量过少，可能认出具体的人，不显示\n",
            "  — too few: a person might be recognised, so it is not shown\n"
        );
        text.push_str(note.in_language(language));
    }
    if figure.left_out {
        let note = text!(
            "  部分记录本岗位无权查看，没有计入\n",
            "  some records are not for this role and are not counted\n"
        );
        text.push_str(note.in_language(language));
    }
    if figure.not_counting > 0 {
        let count = figure.not_counting;
        let note = text!(
            "  有 {count} 项填写未计入（列表见 mesh-node record left-out），数字可能有误\n",
            "  {count} values do not count (mesh-node record left-out lists them): the number may be wrong\n"
        );
        text.push_str(note.in_language(language));
    }
    if let Some(published) = figure.published.as_ref().map(said) {
        let note = text!(
            "  县对外公布：{published}（口径可能不同）\n",
            "  published by the county: {published} (may be counted otherwise)\n"
        );
        text.push_str(note.in_language(language));
    }
    text
}

fn row(cell: &FigureCell, language: Language) -> Vec<String> {
    let name = match (&cell.title, language) {
        (Some(title), Language::Zh) => title.zh.clone(),
        (Some(title), Language::En) => title.en.clone(),
        (None, _) if cell.cell.cell == "all" => {
            text!("全部", "all").in_language(language).to_owned()
        }
        (None, _) => cell.cell.cell.clone(),
    };
    let number = cell.cell.numerator;
    let told = number.map_or_else(|| "—".to_owned(), |number| number.to_string());
    match (number, cell.cell.denominator) {
        (Some(number), Some(of)) if of > 0 => {
            let share = 100.0 * number as f64 / of as f64;
            vec![name, format!("{told} / {of}"), format!("{share:.2}%")]
        }
        (_, Some(of)) => vec![name, format!("{told} / {of}"), String::new()],
        (_, None) => vec![name, told, String::new()],
    }
}
