//! A conversation in the two ways in which it is read.

use dissect::protocols::{Protocol, Side, Transport};
use dissect::{Engine, FlowHint, Follow, inspect, summarise};

use crate::look::at;
use crate::mutate::Dice;
use crate::packet::{ACK, SYN, Tcp, frame};
use crate::talk::{CLIENT, Manner, Piece, server, talk};

/// Has the conversation with the protocol itself, then lets the engine read it from frames.
pub fn both_ways(protocol: &dyn Protocol, transport: Transport, input: &[Vec<u8>], dice: &mut Dice) {
    let home = !dice.one_in(4);
    let manner = Manner { transport, home, fields: dice.one_in(2), cut: dice.one_in(4) };
    // Both sides in turn, or one alone.
    let (first, turns) = (dice.below(2), dice.below(2));
    let side = |n: usize| if (first + turns * n).is_multiple_of(2) { Side::Orig } else { Side::Resp };
    let pieces: Vec<Piece> = input
        .iter()
        .enumerate()
        .map(|(n, bytes)| Piece { side: side(n), bytes, gap: transport == Transport::Tcp && dice.one_in(8) })
        .collect();
    talk(protocol, manner, &pieces);
    let frames = frames(protocol, transport, home, &pieces, dice);
    let (mut engine, mut follow) = (Engine::new(), follow(protocol, transport, home));
    for ((whole, captured), number) in frames.iter().zip(1..) {
        let frame = at(number, &whole[..*captured], whole.len(), 1);
        engine.frame(&frame, &mut ()).unwrap();
        follow.frame(&frame, &mut |_| {});
    }
    engine.finish(&mut ()).unwrap();
    follow.finish(&mut |_| {});
    if let (true, Some((whole, captured))) = (dice.one_in(4), frames.last()) {
        let service = dice.one_in(2).then_some(protocol.name());
        let hint = FlowHint { service, from_orig: dice.one_in(2) };
        inspect(&whole[..*captured], 1, whole.len() as u32, hint, &[], &[]);
        summarise(&whole[..*captured], 1, whole.len() as u32, hint);
    }
}

fn follow(protocol: &dyn Protocol, over: Transport, home: bool) -> Follow {
    let name = if over == Transport::Udp { "udp" } else { "tcp" };
    Follow::new(name, (CLIENT.0.into(), CLIENT.1), server(protocol, over, home).0.into())
}

/// The same conversation as frames, and how much was captured of each: a few are lost, swapped, sent twice or cut.
fn frames(
    protocol: &dyn Protocol,
    over: Transport,
    home: bool,
    pieces: &[Piece],
    dice: &mut Dice,
) -> Vec<(Vec<u8>, usize)> {
    let server = server(protocol, over, home);
    let mut next = [1_000_u32, dice.next() as u32];
    let mut made = Vec::new();
    for piece in pieces {
        let n = usize::from(piece.side == Side::Resp);
        let (src, dst) = if n == 0 { (CLIENT, server) } else { (server, CLIENT) };
        if over == Transport::Tcp && made.is_empty() && dice.one_in(2) {
            made.push(frame(piece.side, src, dst, over, Tcp { seq: next[n].wrapping_sub(1), ack: 0, flags: SYN }, &[]));
        }
        next[n] = next[n].wrapping_add(if piece.gap { 7 } else { 0 });
        let tcp = Tcp { seq: next[n], ack: next[1 - n], flags: ACK };
        made.push(frame(piece.side, src, dst, over, tcp, piece.bytes));
        next[n] = next[n].wrapping_add(piece.bytes.len() as u32);
    }
    for _ in 0..dice.below(3) {
        let (one, other) = (dice.below(made.len()), dice.below(made.len()));
        match dice.below(4) {
            0 => made.swap(one, other),
            1 => made.insert(one, made[other].clone()),
            _ => {}
        }
    }
    let cut = dice.one_in(8);
    let captured = |whole: Vec<u8>, dice: &mut Dice| {
        let length = if cut { dice.below(whole.len() + 1) } else { whole.len() };
        (whole, length)
    };
    made.into_iter().map(|whole| captured(whole, dice)).collect()
}
