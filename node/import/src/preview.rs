//! What an import would do, row by row, before anything is written.
//!
//! A preview names files, lines, keys, fields and reasons. Of values it shows a few of each field, and
//! only those of facets that the person who asks may read ([`Preview::show_values`]).

use std::collections::BTreeMap;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, RecordId};
use crdt_model::kind::Kind;
use serde::Serialize;

use crate::limits::SAMPLES_MAX;
use crate::outcome::{Outcome, RowOutcome, Totals};
use crate::samples::{Sample, Samples};
use crate::source::{Counts, FileRead, Partial};
use crdt_model::text;
use crdt_model::text::{Language, Text};

/// What an import would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Preview {
    /// The mapping's title.
    pub mapping: Text,
    /// The kind of the records.
    pub kind: Name,
    /// The files, and what their bytes turned out to be.
    pub files: Vec<FileRead>,
    /// How many rows had each outcome.
    pub totals: Totals,
    /// Whether a catalogue did not arrive whole. Nothing is deleted either way.
    pub partial: bool,
    /// The catalogues that did not.
    pub partial_answers: Vec<Partial>,
    /// Cells that were dropped because they may not exist in the mesh, by column.
    pub dropped: Counts,
    /// Cells that the mapping leaves behind on purpose, by column.
    pub left_behind: Counts,
    /// Cells in columns that the mapping does not mention, by column.
    pub unmapped: Counts,
    /// What a person should know about the files.
    pub notes: Vec<Text>,
    /// A few values as they will be stored.
    pub samples: Vec<Sample>,
    /// Every row.
    pub rows: Vec<RowOutcome>,
    /// What to write. Applying them is all that "importing" means.
    #[serde(skip)]
    pub drafts: Vec<Draft>,
}

impl Preview {
    /// Whether importing would write anything.
    pub fn changes_nothing(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Takes the drafts out, those of one record together.
    pub fn take_records(&mut self) -> Vec<Vec<Draft>> {
        let mut records: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for draft in std::mem::take(&mut self.drafts) {
            records.entry(draft.facet.record).or_default().push(draft);
        }
        records.into_values().collect()
    }

    /// Takes the drafts of records back that were judged. What is refused is not written, and its row
    /// says why.
    pub fn take_back(&mut self, records: Vec<Vec<Draft>>, refused: &BTreeMap<RecordId, Text>) {
        let passed = records.into_iter().flatten();
        let passed = passed.filter(|draft| !refused.contains_key(&draft.facet.record));
        self.drafts.extend(passed);
        self.refuse(refused);
    }

    /// Says of rows that their records were refused, and why.
    pub fn refuse(&mut self, refused: &BTreeMap<RecordId, Text>) {
        for row in &mut self.rows {
            let written = matches!(row.outcome, Outcome::Create { .. } | Outcome::Update { .. });
            if let Some(reason) = row.record.and_then(|record| refused.get(&record))
                && written
            {
                let reason = reason.clone();
                row.outcome = Outcome::Refused { reason };
                row.withheld.clear();
            }
        }
        self.totals = Totals::of(&self.rows);
    }

    /// Shows a few values of what is to be written, of facets that may be read.
    pub fn show_values(&mut self, kind: &Kind, readable: impl Fn(&Draft) -> bool) {
        let mut of_record: BTreeMap<RecordId, Vec<&Draft>> = BTreeMap::new();
        for draft in &self.drafts {
            of_record.entry(draft.facet.record).or_default().push(draft);
        }
        let mut samples = Samples::default();
        for row in &self.rows {
            let drafts = row.record.and_then(|record| of_record.get(&record));
            for draft in drafts.into_iter().flatten() {
                samples.add(&row.file, kind, draft, readable(draft));
            }
        }
        self.samples = samples.finish();
    }

    /// The preview as people read it, with at most `rows_max` refused or annotated rows.
    pub fn render(&self, language: Language, rows_max: usize) -> String {
        let mut lines = Lines {
            language,
            text: String::new(),
        };
        self.render_head(&mut lines);
        self.render_counts(&mut lines);
        for note in &self.notes {
            lines.push(note);
        }
        self.render_samples(&mut lines);
        self.render_rows(&mut lines, rows_max);
        lines.text
    }

    fn render_head(&self, lines: &mut Lines) {
        let Text { zh, en } = &self.mapping;
        lines.push(&text!("列对应表：{zh}", "mapping: {en}"));
        for FileRead {
            name, decoded_as, ..
        } in &self.files
        {
            let encoding = decoded_as.name();
            lines.push(&text!(
                "文件：{name}，编码 {encoding}",
                "file: {name}, read as {encoding}"
            ));
        }
        let Totals {
            create,
            update,
            unchanged,
            refused,
            skipped,
            withheld,
        } = self.totals;
        lines.push(&text!(
            "新增 {create} 条，更新 {update} 条，无变化 {unchanged} 条，不能导入 {refused} 条，跳\
             过 {skipped} 条",
            "new {create}, update {update}, unchanged {unchanged}, refused {refused}, skipped \
             {skipped}"
        ));
        if withheld > 0 {
            lines.push(&text!(
                "另有 {withheld} 个分项不会写入（原因见各行）",
                "{withheld} facets of these rows will not be written (see the rows)"
            ));
        }
        for Partial {
            platform,
            sn,
            announced,
            received,
        } in &self.partial_answers
        {
            lines.push(&text!(
                "目录不全：平台 {platform}（SN {sn}）应有 {announced} 项，收到 {received} 项；没收\
                 到的设备保持原样，不会移除",
                "incomplete catalogue: platform {platform} (SN {sn}) announces {announced} items, \
                 {received} arrived; other devices stay as they are"
            ));
        }
    }

    fn render_counts(&self, lines: &mut Lines) {
        let counts = [
            (
                text!(
                    "按规定不得进入本网络，已丢弃",
                    "dropped: it may not enter the mesh"
                ),
                &self.dropped,
            ),
            (
                text!("按列对应表不导入", "left out by the mapping"),
                &self.left_behind,
            ),
            (
                text!(
                    "列对应表没有提到、未导入的列",
                    "columns the mapping does not mention, not imported"
                ),
                &self.unmapped,
            ),
        ];
        for (title, counts) in counts {
            if counts.is_empty() {
                continue;
            }
            let list = counts
                .iter()
                .map(|(name, count)| text!("{name} {count} 处", "{name} × {count}"));
            let (zh, en): (Vec<String>, Vec<String>) = list.map(|one| (one.zh, one.en)).unzip();
            let (title, zh, en) = (title, zh.join("、"), en.join(", "));
            lines.push(&text!(title; "{title}：{zh}", "{title}: {en}"));
        }
    }

    fn render_samples(&self, lines: &mut Lines) {
        let mut file = "";
        for sample in &self.samples {
            if sample.file != file {
                file = &sample.file;
                lines.push(&text!(
                    "{file} 中将保存的值，每项至多 {SAMPLES_MAX} 个，请核对：",
                    "values of {file} as they will be stored, at most {SAMPLES_MAX} of each field; look \
                     at them:"
                ));
            }
            let (zh, en) = (&sample.title.zh, &sample.title.en);
            if sample.shown.is_empty() {
                lines.push(&text!(
                    "  {zh}：不显示，默认岗位无权查看",
                    "  {en}: not shown, for the first role may not read it"
                ));
                continue;
            }
            let joined = |one: fn(&Text) -> &str, between: &str| {
                let shown = sample.shown.iter().map(one);
                shown.collect::<Vec<_>>().join(between)
            };
            let chinese = joined(|text| &text.zh, "｜");
            let english = joined(|text| &text.en, " | ");
            lines.push(&text!("  {zh}：{chinese}", "  {en}: {english}"));
        }
    }

    fn render_rows(&self, lines: &mut Lines, rows_max: usize) {
        let worth_showing = |row: &&RowOutcome| {
            matches!(
                row.outcome,
                Outcome::Refused { .. } | Outcome::Skipped { .. }
            ) || !row.withheld.is_empty()
                || !row.notes.is_empty()
        };
        let mut rows: Vec<&RowOutcome> = self.rows.iter().filter(worth_showing).collect();
        rows.sort_by_key(|row| (row.outcome.rank(), row.file.as_str(), row.line));
        for row in rows.iter().take(rows_max) {
            lines.push(&row.describe());
        }
        if rows.len() > rows_max {
            let more = rows.len() - rows_max;
            lines.push(&text!(
                "……另有 {more} 行，加 --json 可全部列出",
                "… and {more} more rows; --json lists all"
            ));
        }
    }
}

struct Lines {
    language: Language,
    text: String,
}

impl Lines {
    fn push(&mut self, text: &Text) {
        self.text.push_str(text.in_language(self.language));
        self.text.push('\n');
    }
}
