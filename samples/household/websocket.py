"""A hub that speaks JSON by WebSocket, and a phone: websocket.py serve ADDRESS, websocket.py ask ADDRESS. By websockets and paho."""

import asyncio
import json
import sys
import time

import paho.mqtt.client as mqtt
import websockets

PORT, BROKER = 8123, 9001


async def answer(socket) -> None:
    async for text in socket:
        if isinstance(text, bytes):
            await socket.send(text[::-1])
            continue
        asked = json.loads(text)
        if asked["type"] == "auth":
            await socket.send(json.dumps({"type": "auth_ok", "version": "2.1.7"}))
        elif asked["type"] == "get_states":
            lights = [{"entity_id": f"light.shelf_{n}", "state": "on" if n % 2 else "off", "level": n * 37 % 101} for n in range(40)]
            await socket.send(json.dumps({"id": asked["id"], "type": "result", "success": True, "result": lights}))
        else:
            await socket.send(json.dumps({"id": asked["id"], "type": "result", "success": True}))
            state = {"entity_id": "light.shelf_14", "state": "off"}
            await socket.send(json.dumps({"type": "event", "event": {"event_type": "state_changed", "data": state}}))


async def serve(address: str) -> None:
    async with websockets.serve(answer, address, PORT, server_header="Workshop hub/2.1.7"):
        await asyncio.Future()


async def ask(address: str) -> None:
    for compression in (None, "deflate"):
        url = f"ws://{address}:{PORT}/api/websocket"
        async with websockets.connect(url, compression=compression, user_agent_header="Workshop-Phone/14") as socket:
            await socket.send(json.dumps({"type": "auth", "access_token": "hub-token-14"}))
            await socket.recv()
            await socket.send(json.dumps({"id": 1, "type": "get_states"}))
            await socket.recv()
            await (await socket.ping(b"still there?"))
            call = {"id": 2, "type": "call_service", "domain": "light", "service": "turn_off", "target": "light.shelf_14"}
            text = json.dumps(call)
            await socket.send([text[:40], text[40:80], text[80:]])  # in three frames
            await socket.recv()
            await socket.recv()
            await socket.send(bytes(range(16)))
            await socket.recv()
            await socket.close(1000, "good night")


def tell(address: str) -> None:
    phone = mqtt.Client("phone-14", transport="websockets")
    phone.username_pw_set("phone", "web-secret-14")
    phone.ws_set_options(path="/mqtt")
    phone.connect(address, BROKER)
    phone.loop_start()
    phone.subscribe("bench/#")
    time.sleep(0.5)
    phone.publish("bench/lamp/set", json.dumps({"state": "OFF", "level": 14}), qos=1)
    time.sleep(0.5)
    phone.disconnect()
    phone.loop_stop()


if sys.argv[1] == "serve":
    asyncio.run(serve(sys.argv[2]))
else:
    asyncio.run(ask(sys.argv[2]))
    tell(sys.argv[2])
