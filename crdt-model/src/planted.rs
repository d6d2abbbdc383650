//! Bugs that are planted on purpose, to see that the simulator finds them. Each is something that a
//! node could plausibly do wrong.
//!
//! Without the feature `planted-bugs`, which nothing but the simulator's proof enables, [`is`] is
//! never true, and the compiler leaves out whatever asks for it.

macro_rules! plants {
    ($($plant:ident $name:literal $what:literal;)*) => {
        /// A planted bug.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Plant {
            $(#[doc = $what] $plant,)*
        }

        /// All of them.
        pub const PLANTS: &[Plant] = &[$(Plant::$plant),*];

        impl Plant {
            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$plant => $name,)*
                }
            }

            /// What goes wrong with it.
            pub fn what(self) -> &'static str {
                match self {
                    $(Self::$plant => $what,)*
                }
            }
        }
    };
}

plants! {
    // The disk.
    AnnouncesBeforeDurable "announces-before-durable" "commits are sent to peers before they are durable";
    AcknowledgesBeforeDurable "acknowledges-before-durable" "a person is told that it is written before it is durable";
    AdoptsBeforeDurable "adopts-before-durable" "a charter is in force before it is durable";
    SameLifeAfterDamage "same-life-after-damage" "numbers are used again after a facet was damaged";
    SameLifeAfterRestore "same-life-after-restore" "numbers are used again after an old backup was restored";
    SameLifeAfterFork "same-life-after-fork" "what is written goes on in a life that is forked, where it does not count";
    DamageLeftInIndex "damage-left-in-index" "what was lost to damage is not asked for again";
    // What a node may hold.
    PurgeForgotten "purge-forgotten" "what the charter took away stays on the disk";
    ScrubForgotten "scrub-forgotten" "deleted bytes stay on the disk";
    QuarantinePurgeForgotten "quarantine-purge-forgotten" "refused commits of what the charter took away stay";
    QuarantineKeepsAll "quarantine-keeps-all" "refused commits are kept whole, whatever they are about";
    ReceiverUnchecked "receiver-unchecked" "a facet is taken that this node may not hold";
    // What a node tells.
    ServesAnyone "serves-anyone" "whoever asks for a facet by its name gets it";
    AnnouncesToAll "announces-to-all" "what is new goes to every peer";
    ComparesEverything "compares-everything" "a comparison goes over all that is held";
    HeadsOfHidden "heads-of-hidden" "the answer about a hidden facet says how far it has come";
    DeniedIsNotMissing "denied-is-not-missing" "a facet that is denied gets another answer than one that is not there";
    GreetingCountsAll "greeting-counts-all" "the fingerprint in a greeting goes over all that is held";
    LengthCountsAll "length-counts-all" "the length of an answer depends on how much is held";
    WallCountsAll "wall-counts-all" "the wall time of a commit depends on how much is held";
    RefusalWakesAll "refusal-wakes-all" "a commit that is refused makes this node greet every peer";
    DamageWakesAll "damage-wakes-all" "a damaged facet makes this node greet every peer";
    AudiencesKept "audiences-kept" "who may hold what is remembered across charters";
    LabelsKept "labels-kept" "what a link carries is remembered across charters";
    // Judging commits.
    SignatureUnchecked "signature-unchecked" "a commit counts whoever signed it";
    RevokedTrusted "revoked-trusted" "new commits of a revoked author count";
    AuthorUnchecked "author-unchecked" "any node may write any facet";
    RegradeUnchecked "regrade-unchecked" "any author may change the grade";
    LastGradeWins "last-grade-wins" "of two concurrent grades the last in order is in force";
    GapUnchecked "gap-unchecked" "a commit counts though its number does not follow";
    ForkUnseen "fork-unseen" "two commits with one number both count";
    OneValueShown "one-value-shown" "of concurrent values one is shown";
    // The log of charters.
    CosignatureUnchecked "cosignature-unchecked" "a cosignature counts whoever signed it";
    EvidenceForgotten "evidence-forgotten" "evidence of two charters with one number is not written down";
    SplitUnseen "split-unseen" "a cosignature of another log is taken for one of this node's own";
    LadderIgnored "ladder-ignored" "a node whose charter nobody confirms goes on as before";
    // Emergencies.
    EmergencyBeforeDurable "emergency-before-durable" "an emergency counts before its declaration is durable";
    EmergencyOverrun "emergency-overrun" "an emergency goes on after its last moment";
    EmergencyToAll "emergency-to-all" "what flows in an emergency goes to peers where none counts";
    // Limits.
    QuarantineUnbounded "quarantine-unbounded" "the quarantine has no limit for a peer";
    // Getting equal.
    GreetingForgotten "greeting-forgotten" "nobody greets when a line comes up";
    OffersForgotten "offers-forgotten" "what only this node has is not offered";
    OldLabelStays "old-label-stays" "a facet that is regraded stays under its old label too";
    OlderCharterForgotten "older-charter-forgotten" "an older charter that commits name is not asked for";
    RetryForgotten "retry-forgotten" "what failed once is not tried again";
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Plant;

    thread_local! {
        static PLANTED: Cell<Option<Plant>> = const { Cell::new(None) };
    }

    /// Plants a bug on this thread, or none.
    pub fn plant(plant: Option<Plant>) {
        PLANTED.set(plant);
    }

    /// Whether this bug is planted on this thread.
    pub fn is(plant: Plant) -> bool {
        PLANTED.get() == Some(plant)
    }
}

#[cfg(not(feature = "planted-bugs"))]
mod switch {
    use super::Plant;

    /// Whether this bug is planted: never.
    pub const fn is(_plant: Plant) -> bool {
        false
    }
}

pub use switch::*;
