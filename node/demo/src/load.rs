//! Brings the sample into the running nodes, the way that a user would: files through imports,
//! changes through requests, several at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crdt_model::ids::NodeId;

use super::asking::{Asking, Line, of_node, stopped};
use super::crew;
use super::folder::{CountyFolder, write_whole};
use super::progress::Progress;
use super::sample::{Course, NodeSample, SampleFile, Write};
use super::stopping::Stopping;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_app::door::attached::Attached;
use node_app::use_cases::import::ImportRequest;
use node_import::limits::MAPPING_BYTES_MAX;

/// Nodes that import at a time.
const IMPORTS_AT_ONCE: usize = 4;
/// Connections that write at a time.
const WRITERS: usize = 32;
/// Connections that write to one node at a time, at most.
const WRITERS_PER_NODE: usize = 8;
/// Milliseconds until what a node does not hold yet is tried again.
const RETRY_MS: u64 = 100;
/// How often that is tried: for ten minutes.
const RETRIES_MAX: u32 = 6_000;

/// The parts of loading, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The files, at home.
    Files,
    /// What homes do with their own records after that; no node waits for another.
    Home,
    /// What those above write in records that were handed up, once they hold them.
    Above,
}

/// What loading needs.
pub(super) struct Loading<'a> {
    pub(super) asking: &'a Asking,
    pub(super) folder: &'a CountyFolder,
    pub(super) stopping: &'a Stopping,
    pub(super) progress: &'a dyn Progress,
}

impl Loading<'_> {
    /// Loads one part of a sample.
    pub(super) fn load(
        &self,
        sample: &BTreeMap<NodeId, NodeSample>,
        part: Part,
    ) -> Result<(), Problem> {
        match part {
            Part::Files => self.import_all(sample),
            Part::Home => {
                self.progress.stage(&text!(
                    "登记和办理",
                    "records made and taken through their steps"
                ));
                self.write_all(sample, part, |node| &node.courses)
            }
            Part::Above => {
                self.progress.stage(&text!(
                    "镇、县办理提级事项",
                    "townships and the county take on what was raised"
                ));
                self.write_all(sample, part, |node| &node.above)
            }
        }
    }

    fn import_all(&self, sample: &BTreeMap<NodeId, NodeSample>) -> Result<(), Problem> {
        self.progress
            .stage(&text!("导入样例文件", "importing the sample files"));
        let records = |node: &NodeSample| node.files.iter().map(|file| file.records).sum::<u64>();
        let (of, done) = (sample.values().map(records).sum(), AtomicU64::new(0));
        crew::each(sample, IMPORTS_AT_ONCE, |(node, brings)| {
            let mut line = self.asking.line(*node);
            for file in &brings.files {
                self.import(*node, &mut line, file)?;
                let done = done.fetch_add(file.records, Ordering::Relaxed) + file.records;
                self.progress.at(done, of);
            }
            Ok(())
        })
    }

    fn import(&self, node: NodeId, line: &mut Line, file: &SampleFile) -> Result<(), Problem> {
        let path = self.folder.samples(node).join(&file.name);
        write_whole(&path, &file.bytes)?;
        let mapping = file.mapping.as_ref();
        let mapping = mapping.map(|name| self.folder.mappings().join(name));
        let request = ImportRequest {
            files: vec![Attached::new(file.name.clone(), file.bytes.clone())],
            mapping: mapping
                .map(|path| Attached::read(&path, MAPPING_BYTES_MAX))
                .transpose()?,
            home: file.home,
            placement: None,
            encoding: None,
            apply: true,
        };
        let report = line.ask(None, &request)?;
        let report = report.map_err(|problem| of_node(node, problem))?;
        let refused_rows = report
            .preview
            .pointer("/totals/refused")
            .and_then(|count| count.as_u64());
        if file.home.is_none() && refused_rows != Some(0) {
            return Err(refused(node, &file.name, report.text));
        }
        Ok(())
    }

    fn write_all(
        &self,
        sample: &BTreeMap<NodeId, NodeSample>,
        part: Part,
        courses: impl Fn(&NodeSample) -> &Vec<Course>,
    ) -> Result<(), Problem> {
        let mut shares: Vec<(NodeId, &[Course])> = Vec::new();
        for (node, brings) in sample {
            let courses = courses(brings);
            let share = courses.len().div_ceil(WRITERS_PER_NODE).max(1);
            shares.extend(courses.chunks(share).map(|share| (*node, share)));
        }
        // Nodes take turns, so that all of them are at work from the beginning.
        shares.sort_by_key(|(_, share)| std::cmp::Reverse(share.len()));
        let requests = |share: &[Course]| {
            share
                .iter()
                .map(|course| course.requests.len() as u64)
                .sum::<u64>()
        };
        let (of, done) = (
            shares.iter().map(|(_, share)| requests(share)).sum(),
            AtomicU64::new(0),
        );
        crew::each(shares, WRITERS, |(node, share)| {
            let mut line = self.asking.line(node);
            for course in share {
                for request in &course.requests {
                    self.write(node, &mut line, part, request)?;
                    self.progress
                        .at(done.fetch_add(1, Ordering::Relaxed) + 1, of);
                }
            }
            Ok(())
        })
    }

    /// Writes; waits while the node has no room, and above home for what has not arrived yet.
    fn write(
        &self,
        node: NodeId,
        line: &mut Line,
        part: Part,
        write: &Write,
    ) -> Result<(), Problem> {
        let mut last = None;
        for _ in 0..RETRIES_MAX {
            let written = match write {
                Write::Add(add) => line.ask(None, add)?,
                Write::Set(set, role) => line.ask(*role, set)?,
            };
            match written {
                Ok(_) => return Ok(()),
                Err(problem) => match problem.code.as_str() {
                    "busy" => last = Some(problem),
                    "no-such-record" | "no-such-facet" if part == Part::Above => {
                        last = Some(problem)
                    }
                    // The first time was carried out, and what is written once is refused twice.
                    "refused" if line.asked_again() => return Ok(()),
                    _ => return Err(of_node(node, problem)),
                },
            }
            if self.stopping.wait_ms(RETRY_MS) {
                return Err(stopped());
            }
        }
        Err(last.map_or_else(stopped, |problem| of_node(node, problem)))
    }
}

fn refused(node: NodeId, file: &str, why: Text) -> Problem {
    let Text { zh, en } = why;
    Problem::new(
        "county-sample-refused",
        text!(
            "节点 {node} 拒绝了样例 {file}：{zh}",
            "node {node} refused the sample {file}: {en}"
        ),
        text!(
            "请核对列对应表与章程是否相符；用 `--fresh` 重建",
            "check that mappings and charter fit; make the county anew with --fresh"
        ),
    )
}
