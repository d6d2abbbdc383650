//! Who does what when over the thin line, and what comes of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crdt_model::label::FacetId;
use crdt_model::text::Problem;

use crate::line::{Line, Passed, Traffic};
use crate::mesh::{End, Mesh, until};

/// How long the line is cut.
const CUT: Duration = Duration::from_secs(60);

/// What is printed.
pub(crate) type Row = (&'static str, String);

/// The line, the two nodes, and what the village holds that its township may hold too.
pub(crate) struct Scene<'a> {
    pub(crate) line: &'a Line,
    pub(crate) mesh: Mesh<'a>,
    pub(crate) kbit_per_s: u64,
    share: BTreeMap<FacetId, u64>,
}

impl<'a> Scene<'a> {
    /// Brings a share of so many years into both nodes over a line without bounds.
    pub(crate) fn make(
        line: &'a Line,
        mut mesh: Mesh<'a>,
        kbit_per_s: u64,
        years: f64,
    ) -> Result<Self, Problem> {
        for end in [End::Township, End::Village] {
            mesh.start(end);
            mesh.bring_in(end, 0.0, years)?;
        }
        mesh.settle();
        for end in [End::Township, End::Village] {
            mesh.stop(end);
        }
        let above = mesh.commit_bytes(End::Township);
        let mut share = mesh.commit_bytes(End::Village);
        share.retain(|facet, _| above.contains_key(facet));
        line.thin(true);
        mesh.start(End::Township);
        mesh.come_round(End::Township);
        Ok(Self {
            line,
            mesh,
            kbit_per_s,
            share,
        })
    }

    /// What is fetched, and how long the line takes for that alone.
    pub(crate) fn limits(&self) -> Vec<Row> {
        let bytes: u64 = self.share.values().sum();
        vec![
            (
                "facets that the village lacks",
                self.share.len().to_string(),
            ),
            ("their commits", kilobytes(bytes)),
            ("limit of the line", seconds(self.line_takes(bytes))),
        ]
    }

    fn line_takes(&self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 * 8.0 / (self.kbit_per_s as f64 * 1000.0))
    }

    /// Bytes of the commits that the village lacks of its share.
    fn lacks(&mut self) -> u64 {
        let held = self.mesh.held(End::Village);
        let lacks = |(facet, bytes): (&FacetId, &u64)| (!held.contains(facet)).then_some(*bytes);
        self.share.iter().filter_map(lacks).sum()
    }

    /// The village without its disk, started; and everything of its share that comes until `enough`
    /// facets are there.
    fn begin(&mut self, enough: usize) -> Result<Arrival, Problem> {
        self.mesh.lose_disk(End::Village)?;
        let before = self.line.traffic();
        let began = Instant::now();
        self.mesh.start(End::Village);
        let started = began.elapsed();
        let mut arrival = self.arrive(enough, began, before)?;
        arrival.started = started;
        Ok(arrival)
    }

    fn arrive(
        &mut self,
        enough: usize,
        began: Instant,
        before: Traffic,
    ) -> Result<Arrival, Problem> {
        let mut arrival = Arrival::default();
        let (mut have, mut at) = (self.mesh.facets(End::Village), began);
        let first = have;
        until("the share comes", || {
            let now = self.mesh.facets(End::Village);
            if now > have {
                if have == first {
                    arrival.first = began.elapsed();
                } else {
                    arrival.longest_still = arrival.longest_still.max(at.elapsed());
                }
                (have, at) = (now, Instant::now());
            }
            (now >= enough as u64).then_some(())
        });
        arrival.took = began.elapsed();
        arrival.traffic = self.line.traffic() - before;
        Ok(arrival)
    }

    /// A village that lost its disk fetches its share.
    pub(crate) fn cold(&mut self) -> Result<Vec<Row>, Problem> {
        let arrival = self.begin(self.share.len())?;
        self.mesh.settle();
        self.mesh.stop(End::Village);
        let bytes = self.share.values().sum();
        let mut rows = vec![
            ("all is there after", seconds(arrival.took)),
            (
                "times the limit",
                times(arrival.took, self.line_takes(bytes)),
            ),
            ("the village has started after", seconds(arrival.started)),
            ("the first is there after", seconds(arrival.first)),
            (
                "longest time without progress",
                seconds(arrival.longest_still),
            ),
        ];
        rows.extend(arrival.rows());
        Ok(rows)
    }

    /// The line is dead for a minute when half has come; or the village's process is killed.
    pub(crate) fn interrupted(&mut self, killed: bool) -> Result<Vec<Row>, Problem> {
        self.begin(self.share.len() / 2)?;
        if killed {
            self.mesh.kill(End::Village);
            self.mesh.start(End::Village);
        } else {
            self.line.cut(true);
            std::thread::sleep(CUT);
        }
        let lacks = self.lacks();
        let before = self.line.traffic();
        let began = Instant::now();
        self.line.cut(false);
        let arrival = self.arrive(self.share.len(), began, before)?;
        self.mesh.settle();
        self.mesh.stop(End::Village);
        let fresh = arrival.traffic.down.bytes - arrival.traffic.down.repeated;
        let mut rows = vec![
            ("commits that were missing then", kilobytes(lacks)),
            ("goes on after", seconds(arrival.first)),
            ("all is there after", seconds(arrival.took)),
            (
                "times the limit",
                times(arrival.took, self.line_takes(lacks)),
            ),
            (
                "bytes down by bytes missing",
                format!("{:.2}", fresh as f64 / lacks as f64),
            ),
        ];
        rows.extend(arrival.rows());
        Ok(rows)
    }

    /// A notice is written at the township while the village fetches its share, and one when nothing
    /// else is on the line.
    pub(crate) fn notice(&mut self) -> Result<Vec<Row>, Problem> {
        let began = Instant::now();
        self.begin(self.share.len() / 4)?;
        let beside = self.mesh.tell(End::Township);
        let written = began.elapsed() - beside;
        self.arrive(self.share.len(), began, self.line.traffic())?;
        let waited_for_all = began.elapsed() - written;
        self.mesh.settle();
        let alone = self.mesh.tell(End::Township);
        self.mesh.settle();
        self.mesh.stop(End::Village);
        Ok(urgent(alone, beside, waited_for_all))
    }

    /// A dispute is written at the village while it gives its township what it has brought in, from one
    /// number of years to the next; and one when nothing else is on the line.
    pub(crate) fn dispute(&mut self, years: (f64, f64)) -> Result<Vec<Row>, Problem> {
        self.mesh.start(End::Village);
        self.mesh.settle();
        let alone = self.mesh.tell(End::Village);
        self.mesh.settle();
        let before = self.mesh.facets(End::Township);
        self.mesh.bring_in(End::Village, years.0, years.1)?;
        until("some has come", || {
            (self.mesh.facets(End::Township) > before).then_some(())
        });
        let began = Instant::now();
        let beside = self.mesh.tell(End::Village);
        self.mesh.settle();
        let waited_for_all = began.elapsed();
        self.mesh.stop(End::Village);
        Ok(urgent(alone, beside, waited_for_all))
    }
}

/// What came, and what it cost.
#[derive(Default)]
struct Arrival {
    /// Until the village's process answers.
    started: Duration,
    took: Duration,
    first: Duration,
    longest_still: Duration,
    traffic: Traffic,
}

impl Arrival {
    fn rows(&self) -> [Row; 2] {
        [
            ("bytes down", passed(&self.traffic.down)),
            ("bytes up", passed(&self.traffic.up)),
        ]
    }
}

fn urgent(alone: Duration, beside: Duration, all: Duration) -> Vec<Row> {
    vec![
        ("durable there, on an idle line", seconds(alone)),
        ("durable there, beside the bulk", seconds(beside)),
        ("all of the bulk is there", seconds(all)),
    ]
}

fn passed(passed: &Passed) -> String {
    let Passed {
        bytes,
        repeated,
        packets,
        lost,
        dropped,
    } = *passed;
    format!(
        "{}, {} of it sent again ({packets} packets, {lost} lost, {dropped} over the queue)",
        kilobytes(bytes),
        kilobytes(repeated)
    )
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn times(time: Duration, of: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() / of.as_secs_f64())
}
