use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, bytes, datagrams, message, segments, survives, taken, tree};

/// `www.example.test` A: query, and an answer through a CNAME.
const QUERY: &str = "1a2b 0100 0001 0000 0000 0000 03777777 076578616d706c65 0474657374 00 0001 0001";
const ANSWER: &str = "1a2b 8180 0001 0002 0000 0001 03777777 076578616d706c65 0474657374 00 0001 0001 \
    c00c 0005 0001 0000003c 0004 01 61 c010  c02e 0001 0001 0000012c 0004 c0000201 \
    00 0029 1000 00000000 000b 0008 0007 0001 18 00 c63364";

fn check(hex: &str, expect: Expect) {
    expect.assert_eq(&datagrams(&Dns, &[(Side::Orig, &bytes(hex))]));
}

#[test]
fn query() {
    check(
        QUERY,
        expect![[r#"
        dns 'www.example.test' {"msg_type":"query","AA":false,"TC":false,"RD":true,"RA":false,"query":"www.example.test","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":6699}
    "#]],
    );
}

#[test]
fn answer_through_cname_with_client_subnet() {
    check(
        ANSWER,
        expect![[r#"
        dns 'www.example.test' {"msg_type":"response","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"query":"www.example.test","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET","answers":["a.example.test","192.0.2.1"],"client_subnet":"198.51.100.0/24"} {"trans_id":6699,"TTLs":[60,300],"records":[{"name":"www.example.test","type":"CNAME","ttl":60,"data":"a.example.test","section":"answer"},{"name":"a.example.test","type":"A","ttl":300,"data":"192.0.2.1","section":"answer"}]}
    "#]],
    );
}

#[test]
fn no_such_name() {
    check(
        "0007 8583 0001 0000 0001 0000 01 78 00 001c 0001 00 0006 0001 00000e10 001a 01 61 00 01 62 00 \
         00000001 00000002 00000003 00000004 00000005",
        expect![[r#"
            dns 'x' {"msg_type":"response","rcode":3,"rcode_name":"NXDOMAIN","AA":true,"TC":false,"RD":true,"RA":true,"query":"x","qtype":28,"qtype_name":"AAAA","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":7,"records":[{"name":"<Root>","type":"SOA","ttl":3600,"data":"a b 1 2 3 4 5","section":"authority"}]}
        "#]],
    );
}

#[test]
fn root_and_any_and_unknown_type() {
    check(
        "0001 0000 0001 0000 0000 0000 00 00ff 00ff",
        expect![[r#"
        dns '<Root>' {"msg_type":"query","AA":false,"TC":false,"RD":false,"RA":false,"query":"<Root>","qtype":255,"qtype_name":"*","qclass":255,"qclass_name":"C_ANY"} {"trans_id":1}
    "#]],
    );
    check(
        "0001 0000 0001 0000 0000 0000 00 fffe 0001",
        expect![[r#"
        dns '<Root>' {"msg_type":"query","AA":false,"TC":false,"RD":false,"RA":false,"query":"<Root>","qtype":65534,"qtype_name":"TYPE65534","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":1}
    "#]],
    );
}

#[test]
fn records_of_many_types() {
    check(
        "0001 8000 0000 0007 0000 0000 \
         01 61 00 000f 0001 00000001 0005 000a 01 6d 00 \
         c00c 0010 0001 00000001 0008 03 612062 03 c3a901 \
         c00c 0021 0001 00000001 0009 0001 0002 1f90 01 68 00 \
         c00c 0041 0001 00000001 0016 0001 00 0001 0003 02 6833 0002 0000 0004 0004 c0000201 \
         c00c 0101 0001 00000001 0009 00 05 6973737565 6c65 \
         c00c 002f 0001 00000001 0007 00 0004 40000008 \
         c00c fde8 0001 00000001 0002 beef",
        expect![[r#"
            dns 'a' {"msg_type":"response","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":false,"RA":false,"answers":["10 m","a b é\\001","h:8080","1 . alpn=h3 no-default-alpn ipv4hint=192.0.2.1","0 issue \"le\"","<Root> A AAAA","beef"]} {"trans_id":1,"TTLs":[1,1,1,1,1,1,1],"records":[{"name":"a","type":"MX","ttl":1,"data":"10 m","section":"answer"},{"name":"a","type":"TXT","ttl":1,"data":"a b é\\001","txt":["a b","é\\001"],"section":"answer"},{"name":"a","type":"SRV","ttl":1,"data":"h:8080","section":"answer"},{"name":"a","type":"HTTPS","ttl":1,"data":"1 . alpn=h3 no-default-alpn ipv4hint=192.0.2.1","section":"answer"},{"name":"a","type":"CAA","ttl":1,"data":"0 issue \"le\"","section":"answer"},{"name":"a","type":"NSEC","ttl":1,"data":"<Root> A AAAA","section":"answer"},{"name":"a","type":"TYPE65000","ttl":1,"data":"beef","section":"answer"}]}
        "#]],
    );
}

#[test]
fn malformed_ones_keep_what_was_read() {
    // a name that points to itself
    check(
        "0001 0100 0001 0000 0000 0000 c00c 0001 0001",
        expect![[r#"
            dns '<malformed>' {"msg_type":"query","AA":false,"TC":false,"RD":true,"RA":false,"query":"<malformed>","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":1}
            ! 12 compression pointers of a domain name go round in circles
        "#]],
    );
    // an answer that the header claims and the message lacks
    check(
        "0001 8180 0001 0001 0000 0000 01 61 00 0001 0001",
        expect![[r#"
        dns 'a' {"msg_type":"response","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"query":"a","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":1}
        ! 19 domain name cut short
    "#]],
    );
    // an address of three bytes
    check(
        "0001 8180 0001 0001 0000 0000 01 61 00 0001 0001 c00c 0001 0001 00000001 0003 010203",
        expect![[r#"
        dns 'a' {"msg_type":"response","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"query":"a","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET","answers":["010203"]} {"trans_id":1,"TTLs":[1],"records":[{"name":"a","type":"A","ttl":1,"data":"010203","section":"answer"}]}
        ! 31 address of a wrong length
    "#]],
    );
    check(
        "0001 01",
        expect![[r#"
        ! 2 DNS header cut short
    "#]],
    );
}

#[test]
fn names_that_are_no_text() {
    check(
        "0001 0000 0001 0000 0000 0000 03 61 00 ff 03 622e63 00 0001 0001",
        expect![[r#"
        dns 'a\000\255.b.c' {"msg_type":"query","AA":false,"TC":false,"RD":false,"RA":false,"query":"a\\000\\255.b.c","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":1}
    "#]],
    );
}

#[test]
fn over_tcp_split_and_together() {
    let one = [vec![0, 34], bytes(QUERY)].concat();
    let both = [one.clone(), one.clone()].concat();
    let (head, tail) = both.split_at(20);
    let line = datagrams(&Dns, &[(Side::Orig, &bytes(QUERY))]);
    assert_eq!(segments(&Dns, &[(Side::Orig, head), (Side::Orig, tail)]), line.repeat(2));
}

#[test]
fn over_tcp_after_bytes_that_are_missing() {
    let one = [vec![0, 34], bytes(QUERY)].concat();
    let mut conversation = Dns.conversation();
    conversation.gap(Side::Orig);
    let mut read = |bytes: &[u8]| {
        let mut out = Out::new(Tree::on());
        let step = conversation.read(&message(&Dns, Transport::Tcp, Side::Orig, bytes), &mut out);
        (step, out.facts.len(), out.complaints.len())
    };
    assert_eq!(read(&one[9..]), (Step::Took(27), 0, 0));
    assert_eq!(read(&one), (Step::Took(36), 1, 0));
    assert_eq!(read(b"nonsense"), (Step::More, 0, 0)); // a length like any other
    assert_eq!(read(&[0, 1, 2]), (Step::Took(3), 0, 1));
}

fn check_mdns(hex: &str, expect: Expect) {
    expect.assert_eq(&datagrams(&Mdns, &[(Side::Orig, &bytes(hex))]));
}

/// PTR, SRV, TXT and A of `Lamp._hap._tcp.local` on `lamp.local`.
const ANNOUNCE: &str = "0000 8400 0000 0001 0000 0003 \
    04 5f686170 04 5f746370 05 6c6f63616c 00 000c 0001 00001194 0007 04 4c616d70 c00c \
    c027 0021 8001 00000078 000d 0000 0000 0050 04 6c616d70 c016 \
    c027 0010 8001 00001194 0010 06 6d643d543130 08 69643d61613a6262 \
    c040 0001 8001 00000078 0004 c0000209";

#[test]
fn announcement() {
    check_mdns(
        ANNOUNCE,
        expect![[r#"
        mdns '_hap._tcp.local' {"msg_type":"response","rcode":0,"rcode_name":"NOERROR","AA":true,"TC":false,"RD":false,"RA":false,"answers":["Lamp._hap._tcp.local"],"TTLs":[4500],"records":[{"name":"_hap._tcp.local","type":"PTR","ttl":4500,"data":"Lamp._hap._tcp.local","section":"answer"},{"name":"Lamp._hap._tcp.local","type":"SRV","ttl":120,"data":"lamp.local:80","section":"additional"},{"name":"Lamp._hap._tcp.local","type":"TXT","ttl":4500,"data":"md=T10 id=aa:bb","txt":["md=T10","id=aa:bb"],"section":"additional"},{"name":"lamp.local","type":"A","ttl":120,"data":"192.0.2.9","section":"additional"}],"service":"_hap._tcp","instance":"Lamp","host":"lamp.local","port":80,"txt":["md=T10","id=aa:bb"],"addresses":["192.0.2.9"]} {"trans_id":0}
    "#]],
    );
}

#[test]
fn goodbye() {
    check_mdns(
        "0000 8400 0000 0001 0000 0000 04 5f686170 04 5f746370 05 6c6f63616c 00 000c 0001 00000000 0007 04 4c616d70 c00c",
        expect![[r#"
            mdns '_hap._tcp.local' {"msg_type":"response","rcode":0,"rcode_name":"NOERROR","AA":true,"TC":false,"RD":false,"RA":false,"answers":["Lamp._hap._tcp.local"],"TTLs":[0],"records":[{"name":"_hap._tcp.local","type":"PTR","ttl":0,"data":"Lamp._hap._tcp.local","section":"answer"}],"service":"_hap._tcp","instance":"Lamp","goodbye":true} {"trans_id":0}
        "#]],
    );
}

#[test]
fn known_answers_of_a_query_are_no_announcement() {
    check_mdns(
        "0000 0000 0002 0001 0000 0000 04 5f686170 04 5f746370 05 6c6f63616c 00 000c 8001 \
         09 5f7365727669636573 07 5f646e732d7364 04 5f756470 c016 000c 0001 \
         c00c 000c 0001 00000e10 0007 04 4c616d70 c00c",
        expect![[r#"
            mdns '_hap._tcp.local' {"msg_type":"query","AA":false,"TC":false,"RD":false,"RA":false,"query":"_hap._tcp.local","qtype":12,"qtype_name":"PTR","qclass":1,"qclass_name":"C_INTERNET","unicast":true,"questions":[{"name":"_hap._tcp.local","type":"PTR"},{"name":"_services._dns-sd._udp.local","type":"PTR"}],"answers":["Lamp._hap._tcp.local"],"TTLs":[3600],"records":[{"name":"_hap._tcp.local","type":"PTR","ttl":3600,"data":"Lamp._hap._tcp.local","section":"answer"}]} {"trans_id":0}
        "#]],
    );
}

#[test]
fn llmnr() {
    let query = bytes("0001 0000 0001 0000 0000 0000 04 77706164 00 0001 0001");
    expect![[r#"
        llmnr 'wpad' {"msg_type":"query","AA":false,"TC":false,"RD":false,"RA":false,"query":"wpad","qtype":1,"qtype_name":"A","qclass":1,"qclass_name":"C_INTERNET"} {"trans_id":1}
    "#]].assert_eq(&datagrams(&Llmnr, &[(Side::Orig, &query)]));
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        dns = response 0x1a2b A www.example.test 0..88
          dns.id = 0x1a2b 0..2
          dns.flags = 0x8180 2..4
            dns.flags.response = 1 2..3
            dns.flags.opcode = 0 (query) 2..3
            dns.flags.authoritative = 0 2..3
            dns.flags.truncated = 0 2..3
            dns.flags.recdesired = 1 2..3
            dns.flags.recavail = 1 3..4
            dns.flags.z = 0 3..4
            dns.flags.authenticated = 0 3..4
            dns.flags.checkdisable = 0 3..4
            dns.flags.rcode = 0 (NOERROR) 3..4
          dns.count.queries = 1 4..6
          dns.count.answers = 2 6..8
          dns.count.auth_rr = 0 8..10
          dns.count.add_rr = 1 10..12
          dns.queries =  12..34
            dns.qry = www.example.test: type A 12..34
              dns.qry.name = www.example.test 12..30
              dns.qry.type = 1 (A) 30..32
              dns.qry.class = 1 32..34
          dns.answers =  34..66
            dns.resp = www.example.test: type CNAME 34..50
              dns.resp.name = www.example.test 34..36
              dns.resp.type = 5 (CNAME) 36..38
              dns.resp.class = 1 38..40
              dns.resp.cache_flush = 0 38..39
              dns.resp.ttl = 60 40..44
              dns.resp.len = 4 44..46
              dns.cname = a.example.test 46..50
            dns.resp = a.example.test: type A 50..66
              dns.resp.name = a.example.test 50..52
              dns.resp.type = 1 (A) 52..54
              dns.resp.class = 1 54..56
              dns.resp.cache_flush = 0 54..55
              dns.resp.ttl = 300 56..60
              dns.resp.len = 4 60..62
              dns.a = 192.0.2.1 62..66
          dns.additionals =  66..88
            dns.resp = <Root>: type OPT 66..88
              dns.resp.name = <Root> 66..67
              dns.resp.type = 41 (OPT) 67..69
              dns.rr.udp_payload_size = 4096 69..71
              dns.resp.edns0_version = 0 72..73
              dns.resp.z.do = 0 73..75
              dns.opt = client subnet 77..88
                dns.opt.code = 8 77..79
                dns.opt.client.addr = 198.51.100.0/24 81..88
    "#]]
    .assert_eq(&tree(&Dns, Transport::Udp, Side::Resp, &bytes(ANSWER)));
}

#[test]
fn recognised_by_payload() {
    for hex in [QUERY, ANSWER] {
        assert!(taken(&Dns, Transport::Udp, false, &bytes(hex)));
        assert!(taken(&Dns, Transport::Udp, true, &bytes(hex)));
        assert!(taken(&Dns, Transport::Tcp, false, &[vec![0, bytes(hex).len() as u8], bytes(hex)].concat()));
    }
    let name_service = bytes(
        "0001 0110 0001 0000 0000 0000 20 4648 4641 4542 4545 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4141 00 0020 0001",
    );
    assert!(!taken(&Dns, Transport::Udp, false, &name_service), "NetBIOS names are not DNS");
    let mut random = Random(7);
    for n in 0..50_000 {
        let noise = random.bytes(n % 200);
        assert!(!taken(&Dns, Transport::Udp, false, &noise) && !taken(&Dns, Transport::Tcp, false, &noise));
    }
}

#[test]
fn survives_anything() {
    let samples: Vec<Vec<u8>> = [QUERY, ANSWER, ANNOUNCE].into_iter().map(bytes).collect();
    survives(&Dns, Transport::Udp, &samples);
    survives(&Mdns, Transport::Udp, &samples);
    let framed: Vec<Vec<u8>> =
        samples.iter().map(|sample| [(sample.len() as u16).to_be_bytes().to_vec(), sample.clone()].concat()).collect();
    survives(&Dns, Transport::Tcp, &framed);
}
