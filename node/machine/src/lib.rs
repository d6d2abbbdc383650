//! What a node knows of its machine: its folder and who may look into it, its settings, the disk, its clocks, and
//! times as people here write them.

pub mod clock;
pub mod entropy;
pub mod folder;
pub mod private;
pub mod room;
pub mod settings;
pub mod time;
