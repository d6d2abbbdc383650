//! Faults by the hundred, each campaign by one command: in small here, in full by hand with
//! `cargo test --workspace --test suite campaigns -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};

use crdt_model::ids::RecordId;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_show::ShowRequest;
use node_doors::client::Client;
use node_machine::clock::Clock;

use super::harness::{
    Mesh, TOWNSHIP, VILLAGE, adding, comes, copy_folder, first_role, grid_report,
};

fn report() -> AddRequest {
    adding(grid_report("G-1", "invented"))
}

/// Writes until the node is gone, and tells each record that was acknowledged.
fn write_until_gone(socket: &Path, acknowledged: &Sender<RecordId>) {
    let Ok(mut client) = Client::connect(socket) else {
        return;
    };
    while let Ok(Ok(written)) = client.ask(&first_role(), &report()) {
        if acknowledged.send(written.record).is_err() {
            return;
        }
    }
}

fn has(mesh: &Mesh, code: &str, record: RecordId) -> bool {
    mesh.ask(code, &ShowRequest { record }).is_ok()
}

/// Kills a village while it is written to; what it acknowledged is there afterwards.
fn kills_under_writes(rounds: usize) {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let mut all = BTreeSet::new();
    for round in 0..rounds {
        let socket = mesh.node_folder(VILLAGE).socket();
        let (tell, told) = channel();
        let writer = std::thread::spawn(move || write_until_gone(&socket, &tell));
        all.extend(told.iter().take(1 + round % 9));
        mesh.kill(VILLAGE);
        writer.join().expect("it ends with the node");
        all.extend(told.iter());
        mesh.run(VILLAGE);
    }
    for record in &all {
        assert!(has(&mesh, VILLAGE, *record), "{record} is lost");
        assert!(
            comes(|| has(&mesh, TOWNSHIP, *record)),
            "{record} never came"
        );
    }
    println!(
        "{rounds} kills, {} acknowledged writes, none lost",
        all.len()
    );
}

#[test]
fn no_acknowledged_write_is_lost_in_kills_under_writes() {
    kills_under_writes(6);
}

#[test]
#[ignore = "a measurement: 400 kills take half an hour"]
fn no_acknowledged_write_is_lost_in_four_hundred_kills_under_writes() {
    kills_under_writes(400);
}

/// A small disk for a node's folder; unmounted when this is dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn under(folder: &Path, mib: u32) -> Self {
        let kept = folder.with_extension("kept");
        copy_folder(folder, &kept);
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mib}m,mode=700"),
                "tmpfs",
            ])
            .arg(folder)
            .status();
        assert!(mounted.expect("mount").success(), "this needs root");
        copy_folder(&kept, folder);
        Self(folder.to_owned())
    }

    /// Fills it, but for so many KiB. What the node writes meanwhile may leave less room than was
    /// counted, and then nothing is filled at all.
    fn fill_but(&self, kib: u64) {
        assert!(comes(|| self.try_to_fill_but(kib)), "it cannot be filled");
    }

    fn try_to_fill_but(&self, kib: u64) -> bool {
        let free = Command::new("df")
            .args(["--output=avail", "-k"])
            .arg(&self.0)
            .output()
            .expect("df");
        let free = String::from_utf8(free.stdout).expect("UTF-8");
        let free: u64 = free
            .lines()
            .last()
            .and_then(|line| line.trim().parse().ok())
            .expect("KiB");
        let length = free.saturating_sub(kib).max(1);
        let filled = Command::new("fallocate")
            .args(["-l", &format!("{length}KiB")])
            .arg(self.0.join("filler"))
            .output();
        filled.expect("fallocate").status.success()
    }

    fn make_room(&self) {
        let _ = std::fs::remove_file(self.0.join("filler"));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Fills the disk of a node again and again while it is written to, down to nothing, and makes room.
fn full_disks(lasts_ms: u64) {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let folder = mesh.node_folder(VILLAGE);
    mesh.kill(VILLAGE);
    let disk = SmallDisk::under(folder.path(), 128);
    mesh.run(VILLAGE);
    let (mut all, mut full, mut rounds) = (BTreeSet::new(), 0, 0);
    let clock = Clock::start();
    while clock.now().instant.ms < lasts_ms {
        rounds += 1;
        let socket = folder.socket();
        let (tell, told) = channel();
        let writer = std::thread::spawn(move || write_until_gone(&socket, &tell));
        all.extend(told.iter().take(rounds % 5));
        disk.fill_but([0, 64, 512, 4_096, 16_384][rounds % 5]);
        writer.join().expect("it ends when a write is refused");
        all.extend(told.iter());
        // It may just be opening its store again.
        mesh.wait_for(VILLAGE, "to say that the disk is full", |status| {
            status.disk.full
        });
        let refused = mesh.ask(VILLAGE, &report()).expect_err("no room");
        assert_eq!(refused.code, "disk-full");
        full += 1;
        if let Some(record) = all.iter().nth(rounds % all.len().max(1)) {
            assert!(has(&mesh, VILLAGE, *record), "{record} cannot be read");
        }
        disk.make_room();
        mesh.wait_for(VILLAGE, "room again", |status| !status.disk.full);
        let alive = mesh.process(VILLAGE).try_wait().expect("a process");
        assert!(alive.is_none(), "it ended: {}", mesh.log(VILLAGE));
    }
    for record in &all {
        assert!(has(&mesh, VILLAGE, *record), "{record} is lost");
        assert!(
            comes(|| has(&mesh, TOWNSHIP, *record)),
            "{record} never came"
        );
    }
    let log = mesh.log(VILLAGE);
    assert!(!log.contains("damaged"), "{log}");
    let reopened = log.matches("opened again for reading").count();
    println!(
        "{full} full disks, {reopened} writes cut short, {} acknowledged writes, none lost",
        all.len()
    );
}

#[test]
#[ignore = "a measurement: ten minutes of full disks, as root"]
fn no_acknowledged_write_is_lost_in_ten_minutes_of_full_disks() {
    full_disks(600_000);
}

#[test]
#[ignore = "takes a minute"]
fn no_acknowledged_write_is_lost_in_a_minute_of_full_disks() {
    full_disks(60_000);
}
