use expect_test::{Expect, expect};

use crate::protocols::http::readers::testing::{Asked, told};

const ROOT: &str = r#"<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major></specVersion><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><friendlyName>Router &amp; more</friendlyName>
<manufacturer>Example</manufacturer><manufacturerURL>http://e.example</manufacturerURL><modelDescription>A router</modelDescription>
<modelName><![CDATA[R 7]]></modelName><modelNumber>7</modelNumber><serialNumber>0123</serialNumber><UDN>uuid:2f40</UDN>
<iconList><icon><friendlyName>no</friendlyName></icon></iconList>
<serviceList><service><serviceType>urn:x:service:Layer3Forwarding:1</serviceType></service></serviceList>
<deviceList><device><deviceType>urn:x:device:WANDevice:1</deviceType><friendlyName>WAN</friendlyName><serviceList><service>
<serviceType>urn:x:service:WANCommonInterfaceConfig:1</serviceType></service></serviceList></device></deviceList>
<presentationURL>/</presentationURL></device></root>"#;

fn check(line: &str, status: &str, content_type: &str, answer: &str, expect: Expect) {
    expect.assert_eq(&told(&Asked { line, headers: "", body: "", status, content_type, answer }));
}

#[test]
fn a_device_describes_itself() {
    check(
        "GET /rootDesc.xml",
        "200 OK",
        "text/xml; charset=\"utf-8\"",
        ROOT,
        expect![[r#"
            upnp 'Router & more' {"friendly_name":"Router & more","manufacturer":"Example","model_name":"R 7","model_number":"7","model_description":"A router","serial_number":"0123","udn":"uuid:2f40","device_type":"urn:schemas-upnp-org:device:InternetGatewayDevice:1","presentation_url":"/","services":["urn:x:service:Layer3Forwarding:1","urn:x:service:WANCommonInterfaceConfig:1"],"embedded":["urn:x:device:WANDevice:1"],"host":"bridge","uri":"/rootDesc.xml"} {}
        "#]],
    );
}

#[test]
fn what_is_broken_is_told_as_far_as_it_goes() {
    let cut = ROOT.find("<modelName>").unwrap();
    for (tail, expect) in [
        (
            "",
            expect![[r#"
                upnp 'Router & more' {"friendly_name":"Router & more","manufacturer":"Example","model_description":"A router","device_type":"urn:schemas-upnp-org:device:InternetGatewayDevice:1","host":"bridge","uri":"/d"} {"incomplete":true,"error":"cut short"}
            "#]],
        ),
        (
            "<!ENTITY a \"b\">",
            expect![[r#"
                upnp 'Router & more' {"friendly_name":"Router & more","manufacturer":"Example","model_description":"A router","device_type":"urn:schemas-upnp-org:device:InternetGatewayDevice:1","host":"bridge","uri":"/d"} {"incomplete":true,"error":"no XML"}
            "#]],
        ),
    ] {
        check("GET /d", "200 OK", "application/xml", &format!("{}{tail}", &ROOT[..cut]), expect);
    }
    let deep = format!("{}{}", &ROOT[..cut], "<a>".repeat(100_000));
    check(
        "GET /d",
        "200 OK",
        "",
        &deep,
        expect![[r#"
            upnp 'Router & more' {"friendly_name":"Router & more","manufacturer":"Example","model_description":"A router","device_type":"urn:schemas-upnp-org:device:InternetGatewayDevice:1","host":"bridge","uri":"/d"} {"incomplete":true,"error":"too deep"}
        "#]],
    );
    // too long to be kept
    let long = ROOT.replace("<modelName>", &format!("{}<modelName>", " ".repeat(70_000)));
    check(
        "GET /d",
        "200 OK",
        "text/xml",
        &long,
        expect![[r#"
            upnp 'Router & more' {"friendly_name":"Router & more","manufacturer":"Example","model_description":"A router","device_type":"urn:schemas-upnp-org:device:InternetGatewayDevice:1","host":"bridge","uri":"/d"} {"incomplete":true,"error":"cut short"}
        "#]],
    );
}

#[test]
fn what_is_none() {
    let other = ROOT.replace("device-1-0", "service-1-0");
    for (status, content_type, answer) in [
        ("200 OK", "text/xml", other.as_str()),
        ("200 OK", "text/xml", "<a><b xmlns='urn:schemas-upnp-org:device-1-0'/></a>"),
        ("200 OK", "text/html", ROOT),
        ("404 No", "text/xml", ROOT),
        ("200 OK", "text/xml", "urn:schemas-upnp-org:device-1-0"),
    ] {
        check("GET /d", status, content_type, answer, expect![""]);
    }
}
