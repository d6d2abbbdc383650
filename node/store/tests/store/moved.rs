//! A folder that was copied says so when it is opened, until that is settled.

use crdt_model::store::Store;
use node_store::{Moved, SledStore};

use crate::engines::{copy_folder, options, options_at, put};

#[test]
fn a_copied_folder_says_so_until_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let original = options(&folder);
    let mut store = SledStore::create(&original).unwrap();
    assert_eq!(store.moved(), None);
    store.write(&put(&[(b"a", b"1")])).unwrap();
    store.sync().unwrap();
    drop(store);
    let copy = options_at(&folder.path().join("copy"));
    copy_folder(&original.folder, &copy.folder);
    for _ in 0..2 {
        let mut store = SledStore::open(&copy).unwrap();
        assert_eq!(store.moved(), Some(Moved::Copied));
        // Writing alone settles nothing.
        store.write(&put(&[(b"b", b"2")])).unwrap();
        store.sync().unwrap();
    }
    let mut store = SledStore::open(&copy).unwrap();
    store.settle().unwrap();
    assert_eq!(store.moved(), None);
    drop(store);
    assert_eq!(SledStore::open(&copy).unwrap().moved(), None);
    assert_eq!(SledStore::open(&original).unwrap().moved(), None);
}

#[test]
fn an_older_copy_put_back_in_the_same_place_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let original = options(&folder);
    let mut store = SledStore::create(&original).unwrap();
    store.write(&put(&[(b"a", b"1")])).unwrap();
    store.sync().unwrap();
    drop(store);
    let older = folder.path().join("older");
    copy_folder(&original.folder, &older);
    // Not removed: no file of the copy has the inode of an old one by chance.
    std::fs::rename(&original.folder, folder.path().join("away")).unwrap();
    copy_folder(&older, &original.folder);
    let store = SledStore::open(&original).unwrap();
    assert_eq!(store.moved(), Some(Moved::Copied));
}

#[test]
fn a_store_that_was_accepted_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    drop(SledStore::create(&options).unwrap());
    std::fs::remove_file(options.folder.join("store.head")).unwrap();
    let (store, _) = SledStore::accept_rollback(&options).unwrap();
    assert_eq!(store.moved(), Some(Moved::Mended));
    drop(store);
    let store = SledStore::open(&options).unwrap();
    assert_eq!(store.moved(), Some(Moved::Mended));
}
