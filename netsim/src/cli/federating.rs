//! `province`.

use std::path::PathBuf;

use clap::Args;
use crdt_model::text;
use crdt_model::text::Language;
use policy::command_line::help::Words;

use super::output::line;
use super::{picture, running};
use crate::province::figures::Figures;
use crate::province::shape::{COUNTIES, TOWNSHIPS, VILLAGES};
use crate::province::{self, County, FEDERATION, Options, Province};

/// What a figure is called, what it is of, and how it is shown.
type Figure = (&'static str, fn(&Figures) -> u64, fn(u64) -> String);

const FIGURES: [Figure; 4] = [
    ("on disk", |of| of.disk_bytes, picture::bytes),
    ("in memory", |of| of.memory_bytes, picture::bytes),
    ("sent to it", |of| of.came_bytes, picture::bytes),
    (
        "on its fullest day",
        |of| of.came_bytes_a_day,
        picture::bytes,
    ),
];

#[derive(Args)]
pub(super) struct Play {
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 0.002, value_parser = running::more_than_nothing)]
    scale: f64,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=COUNTIES as u64))]
    played: u64,
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "演示一个省的一年：86 个县的联邦，并测量其最上层的节点。",
        "Plays a year of a province, a federation of 86 counties, and measures its topmost nodes."
    ))
    .argument("seed", running::seed())
    .argument(
        "scale",
        text!(
            "工作量；1 为每个村都与临泽县相同",
            "how much work there is; 1 for as much as Linze County has, village by village"
        ),
    )
    .argument(
        "played",
        text!(
            "实际演示的县数；其他县的数量按大小最接近的县推算",
            "counties that are played; what the others publish is reckoned from the one next in size"
        ),
    )
    .argument(
        "report",
        text!(
            "把这个联邦的网页写到这个文件",
            "write a page about the federation to this file"
        ),
    )
}

/// Plays a province, and shows what is measured and what is reckoned.
pub(super) fn province(args: &Play) -> u8 {
    let options = Options {
        seed: args.seed,
        scale: args.scale,
        played: args.played as usize,
    };
    line(format!(
        "province seed {} scale {}: {COUNTIES} counties, {TOWNSHIPS} townships, {VILLAGES} villages; \
         {} counties played, a year each",
        options.seed, options.scale, options.played
    ));
    line(format!(
        "{:>12} {:>6} {:>6} {:>8} {:>10} {:>10} {:>10} {:>10}",
        "county node", "nodes", "links", "facets", "disk", "memory", "sent to it", "in a day"
    ));
    let province = province::play(&options, &mut |county| {
        line(row(
            &county_name(county),
            county.account.options.nodes,
            &county.figures,
        ));
    });
    let nodes = province.federation.options.nodes;
    line(row("province", nodes, &province.root));
    line(String::new());
    for drawn in picture::draw(&province.federation.chronicle, Language::En) {
        line(drawn);
    }
    line(String::new());
    reckon(&options, &province);
    findings(&province);
    line(format!("hash {:016x}", province.hash()));
    match args
        .report
        .as_ref()
        .map(|path| running::write_page(path, &province.federation))
    {
        Some(Err(why)) => {
            line(why);
            super::USAGE
        }
        _ => province.verdict().exit_code(),
    }
}

fn county_name(county: &County) -> String {
    county.shape.places().county().to_string()
}

fn row(name: &str, nodes: usize, of: &Figures) -> String {
    format!(
        "{name:>12} {nodes:>6} {:>6} {:>8} {:>10} {:>10} {:>10} {:>10}",
        of.links,
        of.all_facets(),
        picture::bytes(of.disk_bytes),
        picture::bytes(of.memory_bytes),
        picture::bytes(of.came_bytes),
        picture::bytes(of.came_bytes_a_day),
    )
}

/// What is extrapolated, and said to be.
fn reckon(options: &Options, province: &Province) {
    let scaled = |facets: usize| (facets as f64 / options.scale) as usize;
    let middle = &province.counties[province.counties.len() / 2];
    let (of_county, root) = (&middle.figures, &province.root);
    // Notices and replies of the federation are as many at every scale.
    let others = root.all_facets().saturating_sub(province.lines);
    let meshes = [
        (
            county_name(middle),
            of_county,
            &province.middle_halved,
            scaled(of_county.all_facets()),
        ),
        (
            "province".to_owned(),
            root,
            &province.root_halved,
            others + scaled(province.lines),
        ),
    ];
    line("Not measured but extrapolated to scale 1, in a straight line over facets held, from the");
    line("runs with all and with half of the work:");
    for (name, whole, half, facets) in meshes {
        let mut text = format!(
            "{name:>12}: {facets} facets, from {} and {}",
            half.all_facets(),
            whole.all_facets()
        );
        for (what, figure, show) in FIGURES {
            let reckoned = whole.carried_on(half, facets, figure);
            text.push_str(&format!("; {} {what}", show(reckoned.max(0.0) as u64)));
        }
        line(text);
    }
    line(format!(
        "The counties publish {} lines in the federation at this scale, {} at scale 1.",
        province.lines,
        scaled(province.lines)
    ));
}

fn findings(province: &Province) {
    let counties = province.counties.iter();
    let counties = counties.map(|county| (county_name(county), &county.account));
    let federation = (FEDERATION.name.to_owned(), &province.federation);
    for (name, account) in counties.chain([federation]) {
        for broken in account.broken.iter().take(5) {
            line(format!("{name}: {broken}"));
        }
        if let Some(settled) = account
            .broken
            .is_empty()
            .then_some(account.chronicle.settled_in_ms)
        {
            line(format!(
                "{name}: everything held; {} events, {} facets; settled at last in {:.1} s",
                account.events,
                account.facets,
                settled as f64 / 1000.0
            ));
        }
    }
}
