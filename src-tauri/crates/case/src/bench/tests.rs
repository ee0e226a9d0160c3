use model::Time;

use super::*;
use crate::{About, Actor};

fn case(folder: &tempfile::TempDir) -> Case {
    let actor = Actor { actor: "a".into(), machine: "m".into(), version: "v".into() };
    Case::create(&folder.path().join("x.lintel"), &About::default(), actor, Time(0)).unwrap()
}

fn thing(n: u32) -> ThingRow {
    ThingRow {
        id: format!("id-{n}"),
        kind: "light".into(),
        name: format!("Lamp {n}"),
        sha256: format!("{n:064x}"),
        status: "ACTIVE".into(),
        created: 7,
        ..ThingRow::default()
    }
}

#[test]
fn things_come_page_by_page_and_go_in_two_steps() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&folder);
    (0..5).for_each(|n| case.thing_add(&thing(n)).unwrap());
    assert!(case.thing_add(&thing(3)).is_err());
    let page = |after: Option<&str>| case.things("", after, 2).unwrap();
    let ids = |page: &Things| page.things.iter().map(|thing| thing.id.clone()).collect::<Vec<_>>();
    let first = page(None);
    assert_eq!(
        (ids(&first), first.next.as_deref(), first.total),
        (vec!["id-0".into(), "id-1".into()], Some("id-1"), 5)
    );
    let last = page(Some("id-3"));
    assert_eq!((ids(&last), last.next), (vec!["id-4".to_owned()], None));
    assert_eq!(ids(&case.things("LAMP 2", None, 9).unwrap()), ["id-2"]);

    let now = Time(100);
    assert!(case.thing_delete("id-1", now, Time(105)).unwrap());
    assert!(!case.thing_delete("id-1", now, Time(105)).unwrap(), "twice");
    assert_eq!(page(None).total, 4);
    assert_eq!(case.thing("id-1").unwrap().unwrap().status, "INACTIVE");
    assert!(case.thing_restore("id-1").unwrap());
    assert_eq!((page(None).total, case.thing("id-1").unwrap().unwrap().status.as_str()), (5, "ACTIVE"));

    case.thing_delete("id-1", now, Time(105)).unwrap();
    case.thing_deletion_failed("id-1", "no", Some(Time(110))).unwrap();
    case.thing_deletion_failed("id-1", "no again", None).unwrap();
    let dead = case.thing_deletions().unwrap().remove(0);
    assert_eq!(
        (dead.due, dead.tries, dead.why.as_str(), dead.dead, dead.name.as_str()),
        (110, 2, "no again", true, "Lamp 1")
    );
    assert!(case.thing_deletion_again("id-1", Time(120)).unwrap());
    assert!(!case.thing_deletions().unwrap()[0].dead);
    case.thing_gone("id-2", now).unwrap();
    assert!(case.thing("id-2").unwrap().is_some(), "nobody said that it is to go");
    case.thing_gone("id-1", now).unwrap();
    assert_eq!((case.thing("id-1").unwrap(), case.thing_deletions().unwrap()), (None, vec![]));
    assert_eq!(case.thing_revoked(&thing(1).sha256).unwrap().as_deref(), Some("id-1"));
}

#[test]
fn shadows_keep_their_versions() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&folder);
    let version = |name: &str, version: i64, document: Option<&str>| ShadowRow {
        thing: "a".into(),
        name: name.into(),
        version,
        at: version * 10,
        document: document.map(str::to_owned),
    };
    for row in [version("", 1, Some("1")), version("", 2, Some("2")), version("x", 1, Some("x")), version("", 3, None)]
    {
        case.shadow_keep(&row).unwrap();
    }
    let documents = |at| case.shadow("a", "", at).unwrap().map(|row| (row.version, row.document));
    assert_eq!(documents(None), Some((3, None)));
    assert_eq!(documents(Some(2)), Some((2, Some("2".into()))));
    assert_eq!(documents(Some(0)), None);
    assert_eq!(case.shadow_versions("a", "").unwrap(), [(1, 10), (2, 20), (3, 30)]);
    let newest: Vec<_> = case.shadows("a").unwrap().into_iter().map(|row| (row.name, row.version)).collect();
    assert_eq!(newest, [(String::new(), 3), ("x".to_owned(), 1)]);
}
