"""Telnet by inetutils: telnet.py serve ADDRESS LOGIN answers with telnetd, telnet.py type ADDRESS types into telnet as a person would."""

import os
import pty
import select
import socket
import subprocess
import sys
import time

LINES = ["root", "camera-41", "root", "camera-14", "uptime", "cat /etc/version", "exit"]
PROMPTS = ["login: ", "Password: ", "login: ", "Password: ", "# ", "# ", "# "]


def serve(address: str, login: str) -> None:
    with socket.create_server((address, 23)) as door:
        while True:
            guest, _ = door.accept()
            subprocess.Popen(["telnetd", "-h", "-E", login], stdin=guest, stdout=guest, stderr=subprocess.DEVNULL)
            guest.close()


def type_in(address: str) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp("telnet", ["telnet", address])

    def wait(text: str) -> None:
        heard, end = "", time.time() + 6
        while text not in heard and time.time() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    heard += os.read(terminal, 4096).decode(errors="replace")
                except OSError:
                    return

    for prompt, line in zip(PROMPTS, LINES, strict=True):
        wait(prompt)
        for letter in line + "\r":
            os.write(terminal, letter.encode())
            time.sleep(0.04)
    wait("never")
    os.waitpid(pid, 0)


{"serve": serve, "type": type_in}[sys.argv[1]](*sys.argv[2:])
