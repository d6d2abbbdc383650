//! Two network namespaces, one for each end of the line, in which nobody else is. No root is needed
//! where the system lets users have namespaces.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tappers::{Interface, Tun};

/// The upper end's address, and the lower end's.
pub(crate) const ADDRESSES: [&str; 2] = ["10.91.0.1", "10.91.0.2"];
/// What says to this program that it runs in the upper end's namespace.
const INSIDE: &str = "THIN_LINE_INSIDE";
/// Settings of both ends: no traffic of the system's own, and nothing that one measurement leaves
/// behind for the next.
const SETTINGS: [&str; 2] = [
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv4.tcp_no_metrics_save=1",
];

/// Whether this process is in the upper end's namespace already.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this program again in a network namespace of its own; returns only if that cannot be done.
pub(crate) fn enter() -> io::Error {
    let Ok(program) = std::env::current_exe() else {
        return io::ErrorKind::NotFound.into();
    };
    Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec()
}

/// Both ends, with a device in each.
pub(crate) struct Place {
    // The lower end's namespace lasts as long as a process is in it.
    keeper: Child,
}

impl Place {
    /// Makes the lower end's namespace and both devices. Whoever has the devices carries packets.
    pub(crate) fn make(congestion: Option<&str>) -> io::Result<(Self, Tun, Tun)> {
        let upper = Tun::new_named(Interface::new("upper")?)?;
        let lower = Tun::new_named(Interface::new("lower")?)?;
        let keeper = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .spawn()?;
        let place = Self { keeper };
        let ours = std::fs::read_link("/proc/self/ns/net")?;
        while std::fs::read_link(place.namespace())? == ours {
            std::thread::sleep(Duration::from_millis(5));
        }
        let own = || Command::new("env");
        let pid = place.keeper.id().to_string();
        run(own().args(["ip", "link", "set", "lower", "netns", &pid]))?;
        set_up(own, "upper", ADDRESSES[0], congestion)?;
        set_up(|| place.below("env"), "lower", ADDRESSES[1], congestion)?;
        Ok((place, upper, lower))
    }

    fn namespace(&self) -> String {
        format!("/proc/{}/ns/net", self.keeper.id())
    }

    /// A command that runs at the lower end.
    pub(crate) fn below(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.namespace()));
        command.arg(program.as_ref());
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

fn set_up(
    command: impl Fn() -> Command,
    device: &str,
    address: &str,
    congestion: Option<&str>,
) -> io::Result<()> {
    let address = format!("{address}/30");
    run(command().args(["ip", "link", "set", "lo", "up"]))?;
    run(command().args(["ip", "address", "add", &address, "dev", device]))?;
    let congestion = congestion.map(|name| format!("net.ipv4.tcp_congestion_control={name}"));
    for setting in SETTINGS.into_iter().chain(congestion.as_deref()) {
        run(command().args(["sysctl", "-qw", setting]))?;
    }
    run(command().args(["ip", "link", "set", device, "up"]))
}

fn run(command: &mut Command) -> io::Result<()> {
    match command.status()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("{command:?}: {status}"))),
    }
}
