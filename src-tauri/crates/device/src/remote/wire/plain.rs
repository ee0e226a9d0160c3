//! Packets with nothing in them but what has to be: what the library is handed in place of what a broker adorned.

use super::{Connack, property};

/// PUBACK, PUBREC, PUBREL, PUBCOMP: all is well.
pub(in crate::remote) fn ack(kind: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [kind << 4 | if kind == super::PUBREL { 2 } else { 0 }, 2, high, low]
}

/// We are let in. A keep-alive of 0 is none; the library would take it for no time at all between pings.
pub(in crate::remote) fn connack(answer: &Connack, is_v5: bool) -> Vec<u8> {
    let present = u8::from(answer.session_present);
    match (is_v5, answer.said.keep_alive) {
        (false, _) => vec![0x20, 2, present, 0],
        (true, None) => vec![0x20, 3, present, 0, 0],
        (true, Some(seconds)) => {
            let [high, low] = if seconds == 0 { u16::MAX } else { seconds }.to_be_bytes();
            vec![0x20, 6, present, 0, 3, property::SERVER_KEEP_ALIVE, high, low]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::wire::{PUBACK, PUBREL, Received, read};

    #[test]
    fn as_little_as_can_be_said() {
        assert_eq!(ack(PUBACK, 0x102), [0x40, 2, 1, 2]);
        assert_eq!(ack(PUBREL, 7), [0x62, 2, 0, 7]);
        for (came, is_v5, handed) in [
            (&[0x20, 2, 1, 0][..], false, &[0x20, 2, 1, 0][..]),
            (&[0x20, 6, 0, 0, 3, 0x21, 0, 20], true, &[0x20, 3, 0, 0, 0]),
            (&[0x20, 6, 0, 0, 3, 0x13, 0, 9], true, &[0x20, 6, 0, 0, 3, 0x13, 0, 9]),
            (&[0x20, 6, 0, 0, 3, 0x13, 0, 0], true, &[0x20, 6, 0, 0, 3, 0x13, 0xff, 0xff]),
        ] {
            let Ok(Received::Connack(answer)) = read(came, is_v5) else { panic!("{came:x?}") };
            assert_eq!(connack(&answer, is_v5), handed, "{came:x?}");
        }
    }
}
