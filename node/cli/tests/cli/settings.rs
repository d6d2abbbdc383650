//! Settings: which source goes before which, and where each fault is.

use std::ffi::OsString;

use crdt_model::text::{Language, Problem};
use node_machine::folder::NodeFolder;
use node_machine::settings::{Environment, Flags, LogLevel, Origin, Settings, write_new};

use crate::harness::Folder;

const FILE: &str = "\
# a comment
node = \"620723101201\"
listen = [
  \"/ip4/127.0.0.1/tcp/7070\",
]
cache_mib = 4
log = \"warn\"
lang = \"en\"
";

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables
        .iter()
        .map(|(name, value)| (*name, OsString::from(value)))
        .collect()
}

fn load(file: &str, variables: &[(&str, &str)], flags: &Flags) -> Result<Settings, Problem> {
    let folder = Folder::new();
    folder.write("node.toml", file);
    Settings::load(
        &NodeFolder::new(folder.path()),
        &environment(variables),
        flags,
    )
}

fn line_of(origin: &Origin) -> Option<usize> {
    match origin {
        Origin::File { line, .. } => Some(*line),
        _ => None,
    }
}

#[test]
fn defaults_hold_where_nobody_says_otherwise() {
    let settings = load("node = \"620723101201\"", &[], &Flags::default()).expect("good settings");
    assert_eq!(settings.listen.value, Vec::<String>::new());
    assert_eq!(
        (settings.cache_mib.value, settings.cache_bytes()),
        (8, 8 << 20)
    );
    assert_eq!(
        (settings.log.value, settings.lang.value),
        (LogLevel::Info, Language::Zh)
    );
    for origin in [
        settings.listen.origin,
        settings.cache_mib.origin,
        settings.lang.origin,
    ] {
        assert_eq!(origin, Origin::Default);
    }
    assert_eq!(line_of(&settings.node.origin), Some(1));
}

#[test]
fn the_file_goes_before_defaults_and_knows_its_lines() {
    let settings =
        load(FILE, &[("LANG", "zh_CN.UTF-8")], &Flags::default()).expect("good settings");
    assert_eq!(settings.node().to_string(), "620723101201");
    assert_eq!(settings.listen(), ["/ip4/127.0.0.1/tcp/7070"]);
    let lines = [
        line_of(&settings.node.origin),
        line_of(&settings.listen.origin),
        line_of(&settings.cache_mib.origin),
        line_of(&settings.log.origin),
        line_of(&settings.lang.origin),
    ];
    assert_eq!(lines, [2, 3, 6, 7, 8].map(Some));
    assert_eq!(
        (settings.cache_mib.value, settings.lang.value),
        (4, Language::En)
    );
}

#[test]
fn the_environment_goes_before_the_file_and_flags_before_both() {
    let variables = [
        (
            "COUNTYMESH_LISTEN",
            "/ip4/10.0.0.1/tcp/1, /ip6/::1/udp/2/quic-v1",
        ),
        ("COUNTYMESH_CACHE_MIB", "12"),
        ("COUNTYMESH_LOG", "trace"),
        ("COUNTYMESH_LANG", "zh"),
    ];
    let settings = load(FILE, &variables, &Flags::default()).expect("good settings");
    assert_eq!(
        settings.listen(),
        ["/ip4/10.0.0.1/tcp/1", "/ip6/::1/udp/2/quic-v1"]
    );
    assert_eq!(
        (settings.log.value, settings.lang.value),
        (LogLevel::Trace, Language::Zh)
    );
    assert_eq!(
        settings.cache_mib.origin,
        Origin::Environment {
            variable: "COUNTYMESH_CACHE_MIB"
        }
    );
    let flags = Flags {
        listen: vec!["/ip4/10.0.0.2/tcp/3".to_owned()],
        cache_mib: Some(20),
        log: Some(LogLevel::Error),
        lang: Some(Language::En),
    };
    let settings = load(FILE, &variables, &flags).expect("good settings");
    assert_eq!(settings.listen(), ["/ip4/10.0.0.2/tcp/3"]);
    assert_eq!(settings.cache_mib.value, 20);
    assert_eq!(settings.log.origin, Origin::Flag { flag: "--log" });
    assert_eq!(settings.lang.origin, Origin::Flag { flag: "--lang" });
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let settings = load(FILE, &[("COUNTYMESH_LOG", "")], &Flags::default()).expect("good settings");
    assert_eq!(settings.log.value, LogLevel::Warn);
}

#[test]
fn the_first_variable_of_the_locale_that_is_set_decides_the_language() {
    let language = |variables| environment(variables).language_of_locale().0;
    assert_eq!(language(&[]), Language::Zh);
    assert_eq!(language(&[("LANG", "en_US.UTF-8")]), Language::En);
    assert_eq!(
        language(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_CN.UTF-8")]),
        Language::Zh
    );
    assert_eq!(
        language(&[("LC_MESSAGES", "C"), ("LANG", "zh_CN")]),
        Language::En
    );
    assert_eq!(language(&[("LC_ALL", ""), ("LANG", "zh_TW")]), Language::Zh);
}

#[test]
fn every_fault_of_the_file_names_line_and_field() {
    let node = "node = \"620723101201\"\n";
    let cases = [
        ("", "settings-value", "`node` is missing"),
        (
            "node = 620723101201",
            "settings-value",
            "line 1: `node`: a text in quotes",
        ),
        (
            "node = \"6207\"",
            "settings-value",
            "line 1: `node`: `6207` is not a node's code",
        ),
        (
            &format!("{node}listne = []"),
            "settings-unknown",
            "line 2: there is no setting `listne`",
        ),
        (
            &format!("{node}listen = \"x\""),
            "settings-value",
            "line 2: `listen`: a list is needed",
        ),
        (
            &format!("{node}listen = [\n \"/ip4/1.1.1.1/tcp/1\",\n \"10.0.0.1:7\"]"),
            "settings-value",
            "line 4: `listen`: `10.0.0.1:7` is not an address",
        ),
        (
            &format!("{node}cache_mib = \"8\""),
            "settings-value",
            "line 2: `cache_mib`: a whole number",
        ),
        (
            &format!("{node}cache_mib = 0"),
            "settings-value",
            "line 2: `cache_mib`: `0` is not",
        ),
        (
            &format!("{node}cache_mib = -1"),
            "settings-value",
            "line 2: `cache_mib`: `-1` is not",
        ),
        (
            &format!("{node}log = \"loud\""),
            "settings-value",
            "line 2: `log`: `loud` is not",
        ),
        (
            &format!("{node}lang = \"fr\""),
            "settings-value",
            "line 2: `lang`: `fr` is not",
        ),
        (
            &format!("{node}[log]"),
            "settings-value",
            "`log`: a text in quotes",
        ),
        (&format!("{node}log = = 1"), "settings-syntax", "line 2: "),
        (&format!("{node}{node}"), "settings-syntax", "line 2: "),
    ];
    for (file, code, part) in cases {
        let problem = load(file, &[], &Flags::default()).expect_err(file);
        assert_eq!(problem.code, code, "{file}: {problem}");
        assert!(problem.what.en.contains(part), "{file}: {problem}");
        assert!(problem.what.en.contains("node.toml") && problem.what.zh.contains("node.toml"));
        assert!(!problem.next.zh.is_empty() && !problem.next.en.is_empty());
    }
}

#[test]
fn a_file_that_is_not_utf_8_or_too_long_or_a_folder_is_refused() {
    let folder = Folder::new();
    let settings = || {
        let problem = Settings::load(
            &NodeFolder::new(folder.path()),
            &environment(&[]),
            &Flags::default(),
        );
        problem.expect_err("a fault")
    };
    assert_eq!(settings().code, "settings-missing");
    let path = folder.path().join("node.toml");
    std::fs::write(&path, b"# \n# \xbd\xda\xb5\xe3\n").expect("written");
    assert!(settings().what.en.contains("line 2: the file is not UTF-8"));
    std::fs::write(&path, vec![b'#'; 100_000]).expect("written");
    assert_eq!(settings().code, "settings-unusable");
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("made");
    assert_eq!(settings().code, "settings-unusable");
}

#[test]
fn a_wrong_variable_is_named() {
    for (variable, value) in [
        ("COUNTYMESH_LISTEN", "/ip4/10.0.0.1/tcp/1,,"),
        ("COUNTYMESH_CACHE_MIB", "5000"),
        ("COUNTYMESH_LOG", "INFO"),
        ("COUNTYMESH_LANG", "zh_CN"),
    ] {
        let problem = load(FILE, &[(variable, value)], &Flags::default()).expect_err(variable);
        assert_eq!(problem.code, "settings-environment");
        assert!(problem.what.en.contains(variable), "{problem}");
    }
}

#[test]
fn new_settings_can_be_read_and_existing_ones_are_left_alone() {
    let folder = Folder::new();
    let node_folder = NodeFolder::new(folder.path());
    let node = "620723101201".parse().expect("a node code");
    let listen = ["/ip4/0.0.0.0/tcp/7070", "/ip4/0.0.0.0/udp/7070/quic-v1"].map(str::to_owned);
    assert_eq!(write_new(&node_folder, node, &listen), Ok(true));
    let settings = Settings::load(&node_folder, &environment(&[]), &Flags::default());
    assert_eq!(settings.expect("good settings").listen(), listen);
    assert_eq!(write_new(&node_folder, node, &[]), Ok(false));
    let settings = Settings::load(&node_folder, &environment(&[]), &Flags::default());
    assert_eq!(settings.expect("good settings").listen(), listen);
}
