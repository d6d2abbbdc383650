//! The boundary on the machine: what a node keeps is for the operating-system user that runs it, and
//! for nobody else. Folders have mode 0700 and files 0600.
//!
//! * [`new_files_only`]: every program begins with it, so that whatever is created is private.
//! * [`check`]: before a key or a store is used. One entry that others may use is enough to refuse.
//! * [`secure`]: mends a whole folder, also one that an older version made.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

use crdt_model::text;
use crdt_model::text::{Problem, shell_word};

/// The permissions of group and others.
const OTHERS: u32 = 0o077;
/// The file of a node's key; copies of it begin so.
const KEY_NAME: &str = "secret.key";
/// What shows that a folder is a node's.
const NODE_MARKS: [&str; 2] = [KEY_NAME, "node.toml"];
/// Folders within folders, at most: a node's folder has four levels.
const DEPTH_MAX: usize = 32;

/// Takes all permissions of group and others from every file and folder that this process creates
/// from now on.
pub fn new_files_only() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Makes a folder, and those above it that are missing, for its own user.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder that a node or a county is to be set up in, or closes it to others if it is there
/// and empty. One that holds something is left as it is.
pub fn prepare_folder(path: &Path) -> io::Result<()> {
    create_folder(path)?;
    let empty = fs::read_dir(path)?.next().is_none();
    if empty && fs::metadata(path)?.mode() & OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Whether a node's folder, its key and its stores belong to this process's user and are closed to all
/// others. A folder that does not exist is.
///
/// # Errors
/// The first entry that is open or belongs to somebody else, and the command that mends all of them.
pub fn check(folder: &Path) -> Result<(), Problem> {
    let mut walk = Walk::default();
    match fs::metadata(folder) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => {
            let found = found.map_err(|problem| unreadable(folder, &problem))?;
            walk.look_at(folder, &found, geteuid().as_raw());
        }
    }
    if walk.foreign.is_none() {
        walk.look_into(folder, 0)
            .map_err(|problem| unreadable(folder, &problem))?;
    }
    walk.verdict(folder)
}

/// What a walk through a folder found.
#[derive(Default)]
struct Walk {
    /// How many entries others may use, and the first of them.
    open: usize,
    first_open: Option<PathBuf>,
    /// The first entry of another user, and that user.
    foreign: Option<(PathBuf, u32)>,
}

impl Walk {
    fn look_at(&mut self, path: &Path, found: &Metadata, user: u32) {
        if found.mode() & OTHERS != 0 {
            self.open += 1;
            self.first_open.get_or_insert_with(|| path.to_owned());
        }
        if found.uid() != user {
            self.foreign
                .get_or_insert_with(|| (path.to_owned(), found.uid()));
        }
    }

    /// Looks at what links point to, since that is what the node would use. Of the files right
    /// in a node's folder only keys count: a log or a note of somebody's is safe in a closed folder.
    fn look_into(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        if depth > DEPTH_MAX {
            return Err(io::Error::other("too many folders within folders"));
        }
        let user = geteuid().as_raw();
        let of_a_node = NODE_MARKS.iter().any(|mark| folder.join(mark).exists());
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_key = name.starts_with(KEY_NAME);
            let found = match fs::metadata(&path) {
                // It went away meanwhile, or is a link to nothing.
                Err(problem) if problem.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
            if found.is_dir() || is_key || !of_a_node {
                self.look_at(&path, &found, user);
            }
            if found.is_dir() {
                self.look_into(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    fn verdict(self, folder: &Path) -> Result<(), Problem> {
        if let Some((path, owner)) = self.foreign {
            return Err(of_another_user(folder, &path, owner));
        }
        match self.first_open {
            Some(first) => Err(open_to_others(folder, &first, self.open)),
            None => Ok(()),
        }
    }
}

/// What [`secure`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Secured {
    /// Files and folders looked at.
    pub entries: u64,
    /// Those whose permissions or owner were changed.
    pub changed: u64,
}

/// Closes a folder and everything in it to all but its owner. The superuser also gives the folder's
/// owner what others own in it.
///
/// It goes from the top down: once a folder is closed, nobody else can put anything into it, so that
/// what is looked at next is what is changed. Links are not followed.
///
/// # Errors
/// An entry that cannot be changed, or that is still open afterwards.
pub fn secure(folder: &Path) -> Result<Secured, Problem> {
    let top = fs::metadata(folder).map_err(|problem| unreadable(folder, &problem))?;
    let mut securing = Securing {
        owner: top.uid(),
        group: top.gid(),
        secured: Secured::default(),
    };
    let done = securing
        .close(folder, &top)
        .and_then(|()| securing.close_within(folder, 0));
    match done {
        Err(problem) if problem.kind() == io::ErrorKind::PermissionDenied => {
            return Err(not_ours_to_secure(folder));
        }
        done => done.map_err(|problem| unreadable(folder, &problem))?,
    }
    still_open(folder)?;
    Ok(securing.secured)
}

struct Securing {
    owner: u32,
    group: u32,
    secured: Secured,
}

impl Securing {
    fn close(&mut self, path: &Path, found: &Metadata) -> io::Result<()> {
        self.secured.entries += 1;
        let mut changed = false;
        // A file that has a second name may lie outside as well.
        let elsewhere = found.is_file() && found.nlink() > 1;
        if found.uid() != self.owner && !elsewhere {
            lchown(path, Some(self.owner), Some(self.group))?;
            changed = true;
        }
        if found.mode() & OTHERS != 0 && !elsewhere {
            fs::set_permissions(path, Permissions::from_mode(found.mode() & 0o700))?;
            changed = true;
        }
        self.secured.changed += u64::from(changed);
        Ok(())
    }

    fn close_within(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        if depth > DEPTH_MAX {
            return Err(io::Error::other("too many folders within folders"));
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let found = match fs::symlink_metadata(&path) {
                Err(problem) if problem.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
            if found.is_symlink() {
                continue;
            }
            self.close(&path, &found)?;
            if found.is_dir() {
                self.close_within(&path, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// What could not be closed: it is behind a link, has a second name, or lies on a file system that
/// keeps no permissions.
fn still_open(folder: &Path) -> Result<(), Problem> {
    let mut walk = Walk::default();
    walk.look_into(folder, 0)
        .map_err(|problem| unreadable(folder, &problem))?;
    let top = fs::metadata(folder).map_err(|problem| unreadable(folder, &problem))?;
    walk.look_at(folder, &top, top.uid());
    let Some(first) = walk.first_open else {
        return Ok(());
    };
    let first = first.display();
    Err(Problem::new(
        "folder-stays-open",
        text!(
            "{first} 仍可被本机其他用户访问：它是指向目录之外的链接、有另外的文件名，或所在文件系统不支持权限",
            "others on this machine can still use {first}: it is a link that leads out of the folder, has \
             a second name, or its file system keeps no permissions"
        ),
        text!(
            "把它换成目录内的普通文件；若文件系统不支持权限（如 `FAT`、`exFAT`），把节点目录移到 \
             `ext4` 或 `xfs` 上",
            "put an ordinary file in its place; if the file system keeps no permissions (FAT, exFAT), move \
             the node's folder to ext4 or xfs"
        ),
    ))
}

fn open_to_others(folder: &Path, first: &Path, count: usize) -> Problem {
    let first = first.display();
    let folder = shell_word(&folder.display().to_string());
    Problem::new(
        "folder-open-to-others",
        text!(
            "本机其他用户可以访问节点目录中的 {count} 项（如 {first}），未启动",
            "others on this machine can use {count} entries of the node's folder, such as {first}; nothing \
             was started"
        ),
        text!(
            "执行 mesh-node secure --data {folder}，然后重试；若本机有其他用户，密钥和记录可能已被\
             读取，请通知审核人",
            "run mesh-node secure --data {folder}, then try again; if other people use this machine, they may \
             have read the key and the records: tell the reviewers"
        ),
    )
}

fn of_another_user(folder: &Path, path: &Path, owner: u32) -> Problem {
    let (path, user) = (path.display(), geteuid().as_raw());
    let folder = shell_word(&folder.display().to_string());
    Problem::new(
        "folder-of-other-user",
        text!(
            "{path} 属于用户 {owner}，而当前用户是 {user}",
            "{path} belongs to user {owner}, and this is run as user {user}"
        ),
        text!(
            "以节点自己的用户身份执行（如 `sudo -u '#{owner}' mesh-node …`）；如果只是个别文件的所\
             属用户不对，执行 `sudo mesh-node secure --data {folder}`",
            "run it as the node's own user (such as sudo -u '#{owner}' mesh-node …); if only some files have \
             the wrong owner, run sudo mesh-node secure --data {folder}"
        ),
    )
}

fn not_ours_to_secure(folder: &Path) -> Problem {
    let folder = shell_word(&folder.display().to_string());
    Problem::new(
        "folder-of-other-user",
        text!(
            "目录 {folder} 中有属于其他用户的文件，当前用户不能更改",
            "files in {folder} belong to another user, and this user may not change them"
        ),
        text!(
            "执行 `sudo mesh-node secure --data {folder}`",
            "run sudo mesh-node secure --data {folder}"
        ),
    )
}

fn unreadable(folder: &Path, problem: &io::Error) -> Problem {
    let folder = folder.display();
    Problem::new(
        "folder-unreadable",
        text!(
            problem; "不能检查目录 {folder} 的权限：{problem}",
            "cannot check the permissions of the folder {folder}: {problem}"
        ),
        text!(
            "以节点自己的用户身份执行，并检查路径",
            "run this as the node's own user, and check the path"
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder as an older version made it: everything is open.
    fn open_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("store")).expect("a folder");
        for name in ["secret.key", "store/db"] {
            fs::write(folder.path().join(name), "x").expect("written");
        }
        for (name, mode) in [
            ("", 0o755),
            ("store", 0o755),
            ("secret.key", 0o600),
            ("store/db", 0o644),
        ] {
            set_mode(&folder.path().join(name), mode);
        }
        folder
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").mode() & 0o777
    }

    #[test]
    fn one_open_entry_is_enough_to_refuse_and_one_command_mends_all() {
        let folder = open_folder();
        let refused = check(folder.path()).expect_err("open");
        assert_eq!(refused.code, "folder-open-to-others");
        assert!(refused.next.en.contains("mesh-node secure --data"));
        let secured = secure(folder.path()).expect("secured");
        assert_eq!((secured.entries, secured.changed), (4, 3));
        check(folder.path()).expect("closed");
        assert_eq!(mode(&folder.path().join("store")), 0o700);
        assert_eq!(mode(&folder.path().join("store/db")), 0o600);
        assert_eq!(secure(folder.path()).expect("again").changed, 0);
        for name in ["secret.key", "store/db"] {
            let path = folder.path().join(name);
            for open in [0o640, 0o620, 0o604, 0o602, 0o601] {
                set_mode(&path, open);
                assert!(check(folder.path()).is_err(), "{name} {open:o}");
            }
            set_mode(&path, 0o600);
        }
    }

    #[test]
    fn a_log_that_a_shell_made_in_a_closed_folder_is_no_reason_to_refuse() {
        let folder = open_folder();
        secure(folder.path()).expect("secured");
        let log = folder.path().join("log");
        fs::write(&log, "x").expect("written");
        set_mode(&log, 0o644);
        check(folder.path()).expect("nobody else gets at it");
        set_mode(folder.path(), 0o755);
        assert!(check(folder.path()).is_err());
        assert_eq!(secure(folder.path()).expect("secured").changed, 2);
        assert_eq!(mode(&log), 0o600);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_not_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        check(&folder.path().join("none")).expect("nothing to refuse");
    }

    #[test]
    fn securing_changes_nothing_outside_the_folder_and_says_what_stays_open() {
        let folder = open_folder();
        let outside = tempfile::tempdir().expect("a folder");
        let other = outside.path().join("other");
        fs::write(&other, "x").expect("written");
        set_mode(&other, 0o644);
        symlink(&other, folder.path().join("store/link")).expect("a link");
        let refused = secure(folder.path()).expect_err("it leads out");
        assert_eq!(refused.code, "folder-stays-open");
        assert_eq!(mode(&other), 0o644);
        fs::remove_file(folder.path().join("store/link")).expect("removed");
        fs::hard_link(&other, folder.path().join("store/second")).expect("a second name");
        assert_eq!(
            secure(folder.path()).expect_err("open").code,
            "folder-stays-open"
        );
        assert_eq!(mode(&other), 0o644);
    }
}
