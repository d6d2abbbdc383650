//! The program as somebody types it, without a node that runs.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use node_store::{SledStore, StoreOptions};

use crate::harness::{Ended, Folder};

#[test]
fn help_follows_the_language_and_lists_the_exit_codes() {
    let folder = Folder::new();
    let zh: Ended = folder
        .program(&["--help"])
        .env("LANG", "zh_CN.UTF-8")
        .output()
        .expect("it runs")
        .into();
    assert_eq!(zh.code, Some(0));
    for part in [
        "用法：mesh-node [选项] <命令>",
        "命令：\n",
        "选项：\n",
        "退出码",
        "  70  ",
    ] {
        assert!(zh.out.contains(part), "{part} in {}", zh.out);
    }
    let en = folder.run(&["record", "add", "--help"]);
    for part in ["Usage: mesh-node record add", "Arguments:\n", "repeatable"] {
        assert!(en.out.contains(part), "{part} in {}", en.out);
    }
    let flag = folder.run(&["--lang", "zh", "status", "--help"]);
    assert!(flag.out.contains("显示节点状况"), "{}", flag.out);
    let unset: Ended = folder
        .program(&["--help"])
        .env_remove("LANG")
        .output()
        .expect("it runs")
        .into();
    assert!(
        unset.out.contains("用法"),
        "without a locale it is Chinese: {}",
        unset.out
    );
}

#[test]
fn a_wrong_command_line_is_refused_in_the_language_of_whoever_typed_it() {
    let folder = Folder::new();
    let en = folder.run(&["status", "--exit-cod"]);
    assert_eq!((en.code, en.out.as_str()), (Some(2), ""));
    assert!(
        en.err.starts_with("error[usage]: unexpected: `--exit-cod`"),
        "{en:?}"
    );
    assert!(
        en.err.contains("--exit-code"),
        "it suggests the right one: {en:?}"
    );
    let zh = folder.run(&["--lang=zh", "nonsense"]);
    assert!(zh.err.starts_with("没有命令 nonsense"), "{zh:?}");
    let json = folder.run(&["cut", "12", "--json"]);
    assert_eq!((json.code, json.err.as_str()), (Some(2), ""));
    assert_eq!(json.object()["code"], "usage");
    let cases: [(&[&str], &str); 5] = [
        (&[], "no command is given"),
        (
            &["why", "record", "zz", "--node", "620723000000"],
            "32 hexadecimal digits",
        ),
        (
            &["record", "add", "case", "--field", "code=1"],
            "kind.facet.field=value",
        ),
        (
            &["import", "a", "--preview", "--yes"],
            "cannot be used with",
        ),
        (&["record", "list", "--limit", "0"], "from 1 to"),
    ];
    for (arguments, part) in cases {
        let ended = folder.run(arguments);
        assert!(
            ended.code == Some(2) && ended.err.contains(part),
            "{arguments:?}: {ended:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_nothing_badly() {
    let folder = Folder::of_a_village();
    for arguments in [&["--help"][..], &["config"], &["config", "--json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = folder
            .program(arguments)
            .stdout(writer)
            .output()
            .expect("it runs");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(
            (ended.status.code(), stderr.as_ref()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn init_makes_a_node_once_and_says_so_when_it_is_run_again() {
    let folder = Folder::new();
    let first = folder.run(&[
        "init",
        "--node",
        "620723101201",
        "--listen",
        "/ip4/0.0.0.0/tcp/7070",
    ]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first.out.contains("public key") && first.out.contains("next:"),
        "{first:?}"
    );
    let mode = folder
        .path()
        .join("secret.key")
        .metadata()
        .expect("a key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = folder.run(&["init", "--json"]).object();
    assert_eq!(
        (&key["key"], &key["settings"], &key["charter"]),
        (&"kept".into(), &"kept".into(), &"none".into())
    );
    let again = folder.run(&["init", "--node", "620723101201"]);
    assert!(again.out.contains("nothing was changed"), "{again:?}");
    assert!(
        again
            .out
            .contains(key["public_key"].as_str().expect("a key")),
        "{again:?}"
    );
}

#[test]
fn init_never_makes_another_node_of_a_folder_nor_passes_over_a_flag() {
    let folder = Folder::of_a_village();
    let other = folder.run(&["init", "--node", "620723101202"]);
    assert_eq!(other.code, Some(3));
    assert!(other.err.contains("folder-of-other-node"), "{other:?}");
    let listen = folder.run(&["init", "--listen", "/ip4/0.0.0.0/tcp/1"]);
    assert_eq!(listen.code, Some(3));
    assert!(listen.err.contains("settings-kept"), "{listen:?}");
    assert!(!folder.path().join("store").exists());
}

#[test]
fn init_refuses_a_charter_that_is_none_and_makes_no_store() {
    let folder = Folder::of_a_village();
    let ended = folder.run(&["init", "--charter", "nowhere"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("error[charter-refused]"), "{ended:?}");
    assert!(!folder.path().join("store").exists());
}

#[test]
fn each_thing_that_is_missing_has_its_exit_code_and_next_step() {
    let folder = Folder::new();
    let bare = folder.run(&["status"]);
    assert!(
        bare.code == Some(3) && bare.err.contains("mesh-node init --node"),
        "{bare:?}"
    );
    folder.write("node.toml", "node = \"620723101201\"\n");
    let keyless = folder.run(&["status"]);
    assert!(
        keyless.code == Some(3) && keyless.err.contains("secret.key"),
        "{keyless:?}"
    );
    folder.run(&["init"]);
    let unfounded = folder.run(&["status"]);
    assert!(
        unfounded.code == Some(4) && unfounded.err.contains("init --charter"),
        "{unfounded:?}"
    );
    let heal = folder.run(&["heal"]);
    assert!(
        heal.code == Some(1) && heal.err.contains("error[not-running]"),
        "{heal:?}"
    );
    let stop = folder.run(&["stop", "--json"]);
    assert_eq!(
        (stop.code, &stop.object()["was_running"]),
        (Some(0), &false.into())
    );
}

#[test]
fn a_socket_left_behind_counts_as_not_running() {
    let folder = Folder::of_a_village();
    folder.run(&["init"]);
    drop(UnixListener::bind(folder.path().join("control.sock")).expect("a socket"));
    assert!(folder.path().join("control.sock").exists());
    let ended = folder.run(&["status", "--json"]);
    assert_eq!(
        (ended.code, &ended.object()["code"]),
        (Some(4), &"store-missing".into())
    );
}

#[test]
fn a_store_in_use_without_a_socket_is_explained() {
    let folder = Folder::of_a_village();
    folder.run(&["init"]);
    let options = StoreOptions::new(folder.path().join("store"), 1 << 20);
    let _held = SledStore::create(&options).expect("a store");
    let ended = folder.run(&["record", "list", "--wait", "0"]);
    assert_eq!(ended.code, Some(4));
    assert!(ended.err.contains("error[store-locked]"), "{ended:?}");
    let stop = folder.run(&["stop", "--wait", "0"]);
    assert_eq!(stop.code, Some(4), "{stop:?}");
    assert!(stop.err.contains("error[store-locked]"), "{stop:?}");
    assert!(
        ended.err.contains("its control socket does not answer"),
        "{ended:?}"
    );
}

#[test]
fn config_shows_every_value_with_its_origin() {
    let folder = Folder::of_a_village();
    let mut command = folder.program(&["config", "--cache-mib", "16"]);
    let ended: Ended = command
        .env("COUNTYMESH_LOG", "debug")
        .output()
        .expect("it runs")
        .into();
    let shown = |with: &str| {
        ended
            .out
            .lines()
            .find(|line| line.trim_start().starts_with(with))
    };
    for (name, value, origin) in [
        ("data", "", "environment: COUNTYMESH_DATA"),
        ("node ", "620723101201", "node.toml, line 1"),
        ("cache_mib", "16", "flag --cache-mib"),
        ("log", "debug", "environment: COUNTYMESH_LOG"),
        ("listen", "-", "default"),
        ("lang", "en", "environment: LANG"),
    ] {
        let line = shown(name).unwrap_or_else(|| panic!("{name} in {}", ended.out));
        assert!(line.contains(value) && line.contains(origin), "{line}");
    }
    let wrong: Ended = folder
        .program(&["config"])
        .env("COUNTYMESH_CACHE_MIB", "many")
        .output()
        .expect("it runs")
        .into();
    assert!(
        wrong.code == Some(3) && wrong.err.contains("COUNTYMESH_CACHE_MIB"),
        "{wrong:?}"
    );
}

#[test]
fn a_setting_of_the_file_decides_the_language_unless_a_flag_does() {
    let folder = Folder::of_a_village();
    folder.write("node.toml", "node = \"620723101201\"\nlang = \"zh\"\n");
    assert!(folder.run(&["config"]).out.contains("来源"));
    assert!(
        folder
            .run(&["config", "--lang", "en"])
            .out
            .contains("origin")
    );
}
