//! What was measured, with median and spread.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::System;
use crate::measure::{Phase, Sample};

/// All measurements, by number of facets and system.
#[derive(Default, Serialize)]
pub(crate) struct Figures {
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    system: System,
    facets: usize,
    samples: Vec<Sample>,
}

/// The middle one of some measurements, with the least and the most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of any number of measurements but none.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            least: *values.first()?,
            median: *values.get(values.len() / 2)?,
            most: *values.last()?,
        })
    }
}

impl Figures {
    pub(crate) fn add(&mut self, system: System, facets: usize, samples: Vec<Sample>) {
        self.runs.push(Run {
            system,
            facets,
            samples,
        });
    }

    /// How many facets were measured, and with which systems.
    pub(crate) fn measured(&self) -> BTreeMap<usize, Vec<System>> {
        let mut measured: BTreeMap<usize, Vec<System>> = BTreeMap::new();
        for run in &self.runs {
            let systems = measured.entry(run.facets).or_default();
            if !systems.contains(&run.system) {
                systems.push(run.system);
            }
        }
        measured
    }

    /// The measurements of one kind.
    pub(crate) fn samples(
        &self,
        facets: usize,
        system: System,
        phase: Phase,
    ) -> impl Iterator<Item = &Sample> {
        let runs = self.runs.iter();
        runs.filter(move |run| (run.facets, run.system) == (facets, system))
            .flat_map(|run| &run.samples)
            .filter(move |sample| sample.phase == phase)
    }

    /// One quantity of those that finished; none if none did.
    pub(crate) fn spread(
        &self,
        facets: usize,
        system: System,
        phase: Phase,
        quantity: impl Fn(&Sample) -> f64,
    ) -> Option<Spread> {
        let samples = self.samples(facets, system, phase);
        let finished = samples.filter(|sample| sample.only.is_none());
        Spread::of(finished.map(quantity).collect())
    }

    /// The median of one quantity.
    pub(crate) fn median(
        &self,
        facets: usize,
        system: System,
        phase: Phase,
        quantity: impl Fn(&Sample) -> f64,
    ) -> Option<f64> {
        let spread = self.spread(facets, system, phase, quantity);
        spread.map(|spread| spread.median)
    }

    /// Whether a system did not finish with so many facets, or fewer.
    pub(crate) fn gave_up(&self, system: System, facets: usize) -> bool {
        let runs = self.runs.iter();
        let mut earlier = runs.filter(|run| run.system == system && run.facets <= facets);
        earlier.any(|run| run.samples.iter().any(|sample| sample.only.is_some()))
    }

    /// How many did not finish in time, and how far the best of them came.
    pub(crate) fn unfinished(
        &self,
        facets: usize,
        system: System,
        phase: Phase,
    ) -> Option<(usize, usize)> {
        let samples = self.samples(facets, system, phase);
        let came: Vec<usize> = samples.filter_map(|sample| sample.only).collect();
        Some((came.len(), came.iter().copied().max()?))
    }
}
