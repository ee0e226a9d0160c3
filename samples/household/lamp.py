"""The desk lamp: an MQTT 3.1.1 client that subscribes to <id>/command and publishes <id>/data.

python3 lamp.py HOST ID USER PASSWORD

Commands are JSON, {"power": true} or {"brightness": 40}; each is answered with the lamp's whole state. Its will, kept by
the broker, says on <id>/status that it has gone.
"""

import json
import sys
import time

import paho.mqtt.client as mqtt

HOST, ID, USER, PASSWORD = sys.argv[1:]
state = {"power": False, "brightness": 80}
started = time.monotonic()


def report(client):
    payload = dict(state, uptime=round(time.monotonic() - started))
    client.publish(f"{ID}/data", json.dumps(payload), qos=1)


def connected(client, _userdata, _flags, code):
    if code == 0:
        client.subscribe(f"{ID}/command", qos=1)
        client.publish(f"{ID}/status", "online", qos=1, retain=True)
        report(client)


def commanded(client, _userdata, message):
    state.update(json.loads(message.payload))
    report(client)


lamp = mqtt.Client(client_id=ID, clean_session=True)
lamp.username_pw_set(USER, PASSWORD)
lamp.will_set(f"{ID}/status", "offline", qos=1, retain=True)
lamp.on_connect = connected
lamp.on_message = commanded
lamp.connect(HOST, keepalive=10)
lamp.loop_start()
while True:
    time.sleep(12)
    report(lamp)
