use expect_test::{Expect, expect};

use crate::protocols::http::readers::testing::{Asked, told};

const KEY: &str = "83b7780291a6ceffbe0bd049104df";

fn check(line: &str, body: &str, status: &str, answer: &str, expect: Expect) {
    let line = line.replace("KEY", KEY);
    let asked = Asked { line: &line, headers: "", body, status, content_type: "application/json", answer };
    expect.assert_eq(&told(&asked).replace(KEY, "KEY"));
}

#[test]
fn lights_and_groups_are_switched() {
    check(
        "PUT /api/KEY/lights/4/state",
        r#"{"on":true,"bri":128,"ct":366,"xy":[0.31,0.33]}"#,
        "200 OK",
        r#"[{"success":{"/lights/4/state/on":true}},{"success":{"/lights/4/state/bri":128}},
            {"error":{"type":201,"address":"/lights/4/state/ct","description":"parameter, ct, is not modifiable."}}]"#,
        expect![[r#"
            credentials 'api' {"protocol":"http","method":"path","name":"api","host":"bridge"} {"password":"KEY"}
            hue 'light 4' {"msg_type":"request","what":"light","id":"4","on":true,"brightness":50.4,"bri":128,"mirek":366,"xy":"0.31,0.33","path":"/lights/4/state","version":1,"host":"bridge"} {}
            hue 'light 4' {"msg_type":"response","what":"light","id":"4","on":true,"brightness":50.4,"bri":128,"success":false,"error":"parameter, ct, is not modifiable.","error_type":201,"path":"/lights/4/state","version":1,"host":"bridge"} {}
        "#]],
    );
    check(
        "PUT http://bridge/api/newdeveloper/groups/0/action?x=1",
        r#"{"on":false,"scene":"AB34EF5"}"#,
        "200 OK",
        r#"[{"success":{"/groups/0/action/on":false}}]"#,
        expect![[r#"
            hue 'group 0' {"msg_type":"request","what":"group","id":"0","on":false,"scene":"AB34EF5","path":"/groups/0/action","version":1,"host":"bridge"} {}
            hue 'group 0' {"msg_type":"response","what":"group","id":"0","on":false,"success":true,"path":"/groups/0/action","version":1,"host":"bridge"} {}
        "#]],
    );
    // nobody that the bridge knows; an answer that is not the API's; a body that is no JSON
    check(
        "PUT /api/KEY/lights/1/state",
        "{\"on\":tru",
        "200 OK",
        r#"[{"error":{"type":1,"address":"/lights/1/state","description":"unauthorized user"}}]"#,
        expect![[r#"
            credentials 'api' {"protocol":"http","method":"path","name":"api","host":"bridge"} {"password":"KEY"}
            hue 'light 1' {"msg_type":"response","what":"light","id":"1","success":false,"error":"unauthorized user","error_type":1,"path":"/lights/1/state","version":1,"host":"bridge"} {}
        "#]],
    );
    check(
        "PUT /api/x/lights/1/state",
        r#"{"on":[],"bri":900,"xy":[1]}"#,
        "503 Busy",
        "<html>",
        expect![[r#"
            hue 'light 1' {"msg_type":"request","what":"light","id":"1","path":"/lights/1/state","version":1,"host":"bridge"} {}
            hue 'light 1' {"msg_type":"response","what":"light","id":"1","success":false,"error":"HTTP 503","path":"/lights/1/state","version":1,"host":"bridge"} {}
        "#]],
    );
}

#[test]
fn version_2_and_its_key() {
    let asked = Asked {
        line: "PUT /clip/v2/resource/light/3a1b-01",
        headers: "hue-application-key: 83b7780291a6ceffbe0bd049104df\r\n",
        body: r#"{"on":{"on":true},"dimming":{"brightness":72.5},"color_temperature":{"mirek":250},"color":{"xy":{"x":0.4,"y":0.5}}}"#,
        status: "200 OK",
        content_type: "application/json",
        answer: r#"{"data":[{"rid":"3a1b-01","rtype":"light"}],"errors":[]}"#,
    };
    expect![[r#"
        credentials 'hue-application-key' {"protocol":"http","method":"header","name":"hue-application-key","host":"bridge"} {"password":"83b7780291a6ceffbe0bd049104df"}
        hue 'light 3a1b-01' {"msg_type":"request","what":"light","id":"3a1b-01","on":true,"brightness":72.5,"mirek":250,"xy":"0.4,0.5","path":"/clip/v2/resource/light/3a1b-01","version":2,"host":"bridge"} {}
        hue 'light 3a1b-01' {"msg_type":"response","what":"light","id":"3a1b-01","success":true,"path":"/clip/v2/resource/light/3a1b-01","version":2,"host":"bridge"} {}
    "#]]
    .assert_eq(&told(&asked));
    check(
        "PUT /clip/v2/resource/scene/7",
        r#"{"recall":{"action":"active"}}"#,
        "207 Multi",
        r#"{"data":[],"errors":[{"description":"device unreachable"}]}"#,
        expect![[r#"
            hue 'scene 7' {"msg_type":"request","what":"scene","id":"7","recall":"active","path":"/clip/v2/resource/scene/7","version":2,"host":"bridge"} {}
            hue 'scene 7' {"msg_type":"response","what":"scene","id":"7","success":false,"error":"device unreachable","path":"/clip/v2/resource/scene/7","version":2,"host":"bridge"} {}
        "#]],
    );
}

#[test]
fn keys_are_given_and_the_bridge_says_who_it_is() {
    check(
        "POST /api",
        r#"{"devicetype":"app#phone","generateclientkey":true}"#,
        "200 OK",
        r#"[{"success":{"username":"KEY0","clientkey":"E3B550C65F78022EFD9E52E28378583"}}]"#,
        expect![[r#"
            credentials 'username' {"protocol":"http","method":"json","name":"username","host":"bridge"} {"password":"KEY0"}
            credentials 'clientkey' {"protocol":"http","method":"json","name":"clientkey","host":"bridge"} {"password":"E3B550C65F78022EFD9E52E28378583"}
        "#]],
    );
    check(
        "GET /api/nouser/config",
        "",
        "200 OK",
        r#"{"name":"Hall","datastoreversion":"163","swversion":"1965111030","apiversion":"1.65.0","mac":"00:17:88:aa:bb:01",
            "bridgeid":"001788FFFEAABB01","factorynew":false,"replacesbridgeid":null,"modelid":"BSB002"}"#,
        expect![[r#"
            hue 'Hall' {"msg_type":"config","bridge_id":"001788FFFEAABB01","name":"Hall","model_id":"BSB002","sw_version":"1965111030","api_version":"1.65.0","mac":"00:17:88:aa:bb:01","host":"bridge"} {}
        "#]],
    );
    check(
        "GET /api/KEY/config",
        "",
        "200 OK",
        r#"{"bridgeid":"001788FFFEAABB01","mac":"no","whitelist":{"0123456789abcdef":{"name":"app#phone"},"fedcba9876543210":7}}"#,
        expect![[r#"
            credentials 'api' {"protocol":"http","method":"path","name":"api","host":"bridge"} {"password":"KEY"}
            credentials 'app#phone' {"protocol":"http","method":"json","name":"app#phone","host":"bridge"} {"password":"0123456789abcdef"}
            credentials 'app' {"protocol":"http","method":"json","name":"app","host":"bridge"} {"password":"fedcba9876543210"}
            hue '001788FFFEAABB01' {"msg_type":"config","bridge_id":"001788FFFEAABB01","mac":"no","host":"bridge"} {}
        "#]],
    );
}

#[test]
fn what_only_looks_like_it() {
    for (line, answer) in [
        ("GET /api/config", "{}"),
        ("GET /api/config", "[1]"),
        ("GET /api/0/lights", "{}"),
        ("PUT /api/x/lights/1/state/y/z", "[]"),
        ("PUT /api/x/lights", "[]"),
        ("GET /api/x/lights/1/state", "[]"),
        ("PUT /clip/v2/resource/light", "{}"),
        ("POST /api/login", r#"[{"success":{"username":"x"}}]"#),
        ("POST /api", r#"[{"error":{"type":101,"description":"link button not pressed"}}]"#),
    ] {
        check(line, "{}", "200 OK", answer, expect![""]);
    }
}
