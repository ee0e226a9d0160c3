//! A light that comes to the bench: as much of MQTT 3.1.1 as it needs, over TLS, with the certificate that it was given.

import { connect, type TLSSocket } from 'node:tls';

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

export class Light {
  private constructor(
    private readonly socket: TLSSocket,
    private readonly id: string,
  ) {}

  /** Comes in, listens to its commands, and says its state. */
  static async shine(listen: string, id: string, cert: string, key: string, ca: string): Promise<Light> {
    const at = new URL(`mqtts://${listen}`);
    const socket = connect({ host: at.hostname, port: Number(at.port), cert, key, ca, checkServerIdentity: () => undefined });
    const light = new Light(socket, id);
    socket.on('error', () => {}); // it is sent away when the bench stops
    await new Promise<void>((done, failed) => {
      let heard = Buffer.alloc(0);
      socket.once('close', () => failed(new Error('the light was not let in')));
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        // Each packet as it is complete; all of them are short, or their length stands in two bytes.
        for (;;) {
          const long = (heard[1] ?? 0) > 127 ? 1 : 0;
          const length = long ? ((heard[1] ?? 0) & 127) + 128 * (heard[2] ?? 0) : (heard[1] ?? 0);
          if (heard.length < 2 + long || heard.length < 2 + long + length) return;
          const [kind, body] = [(heard[0] ?? 0) >> 4, heard.subarray(2 + long, 2 + long + length)];
          heard = heard.subarray(2 + long + length);
          if (kind === 2) {
            socket.write(packet(0x82, Buffer.from([0, 1]), text(`${id}/command`), Buffer.from([1])));
            light.say({ power: false });
            done();
          } else if (kind === 3) light.hear(body);
        }
      });
      socket.write(packet(0x10, text('MQTT'), Buffer.from([4, 2, 0, 60]), text(id)));
    });
    return light;
  }

  say(state: unknown): void {
    const body = JSON.stringify(state);
    this.socket.write(packet(0x30, text(`${this.id}/data`), Buffer.from(body)));
    this.socket.write(packet(0x30, text(`$aws/things/${this.id}/shadow/update`), Buffer.from(JSON.stringify({ state: { reported: state } }))));
  }

  /** A command at QoS 1: acknowledged, done, and said. */
  private hear(body: Buffer): void {
    const topic = body.readUInt16BE(0);
    this.socket.write(packet(0x40, body.subarray(2 + topic, 4 + topic)));
    this.say({ ...(JSON.parse(body.subarray(4 + topic).toString()) as object), level: 42 });
  }

  leave(): void {
    this.socket.end(packet(0xe0));
  }
}
