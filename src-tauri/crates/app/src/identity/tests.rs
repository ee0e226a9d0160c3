use model::Mac;

use super::{Probe, Probers, Weights, links};

const LOCAL: u8 = 2;

fn mac(number: u8) -> Mac {
    Mac([LOCAL, 0, 0, 0, 0, number])
}

/// (address, second, sequence number, elements, network, dBm)
type Heard = (u8, f64, u16, &'static str, &'static str, i8);

/// (earlier, later, percent) of what is linked, by address.
fn linked(heard: &[Heard]) -> Vec<(u8, u8, u32)> {
    let mut probers = Probers::default();
    for (n, (number, second, sequence, elements, ssid, signal)) in heard.iter().enumerate() {
        let (ts, fact) = ((second * 1e9) as i64, n as i64);
        let (sequence, signal) = (Some(*sequence), Some(*signal));
        probers.add(&Probe { mac: mac(*number), ts, fact, sequence, elements, ssid, signal });
    }
    let order = probers.in_order();
    let found = links(&order, &probers, &Weights::default());
    let of = |at: usize| order[at].mac.0[5];
    let mut all: Vec<_> =
        found.iter().map(|link| (of(link.earlier), of(link.later), (link.probability * 100.0) as u32)).collect();
    all.sort_unstable();
    all
}

/// Two phones of different makes, by turns, of which one goes on counting; and eight that are as one of them.
#[test]
fn a_count_that_goes_on_links() {
    let mut heard = vec![(1, 0.0, 4_090, "aa", "", -60), (2, 1.0, 7, "bb", "", -50), (3, 20.0, 3, "aa", "", -61)];
    heard.extend((10..18).map(|n| (n, f64::from(n), u16::from(n) * 200, "bb", "", -40 - 15 * (n as i8 % 4))));
    let found = linked(&heard);
    assert!(matches!(found[..], [(1, 3, 90..)]), "{found:?}");
}

#[test]
fn nothing_links_what_is_alike_and_not_in_line() {
    // The same make, numbers that start anew: nobody can say.
    let reset = [(1, 0.0, 100, "aa", "", -60), (2, 5.0, 3_000, "aa", "", -75), (3, 9.0, 2_000, "aa", "", -45)];
    assert_eq!(linked(&reset), []);
    // Other elements: another make.
    assert_eq!(linked(&[(1, 0.0, 100, "aa", "", -60), (2, 1.0, 101, "bb", "", -60)]), []);
    // By turns: two phones at the same time.
    let turns = [(1, 0.0, 100, "aa", "", -60), (2, 1.0, 102, "aa", "", -60), (1, 2.0, 104, "aa", "", -60)];
    assert_eq!(linked(&turns), []);
    // Long after.
    assert_eq!(linked(&[(1, 0.0, 100, "aa", "", -60), (2, 9_000.0, 101, "aa", "", -60)]), []);
}

#[test]
fn rare_names_link_and_common_ones_do_not() {
    let crowd = |ssid: &'static str| {
        let mut heard: Vec<Heard> = (10..40).map(|n| (n, f64::from(n), 100, "aa", "everybody", -70)).collect();
        heard.extend([(1, 50.0, 100, "aa", ssid, -60), (2, 400.0, 3_000, "aa", ssid, -60)]);
        linked(&heard).into_iter().filter(|(_, later, _)| *later == 2).collect::<Vec<_>>()
    };
    assert_eq!(crowd("everybody"), []);
    assert!(matches!(crowd("attic of 14")[..], [(1, 2, 50..)]), "{:?}", crowd("attic of 14"));
}
