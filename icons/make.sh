#!/usr/bin/env bash
# Makes the application's icons from lintel.svg. Needs rsvg-convert (librsvg2-bin) and python3.
# The names and sizes are the ones that Tauri's bundler asks for.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for size in 16 24 32 48 64 128 256 512 1024; do
  rsvg-convert --width "$size" --height "$size" lintel.svg --output "$work/$size.png"
done
cp "$work/32.png" 32x32.png
cp "$work/128.png" 128x128.png
cp "$work/256.png" 128x128@2x.png
cp "$work/512.png" icon.png

python3 - "$work" <<'PY'
"""Both containers hold PNGs as they are: ICO since Windows Vista, ICNS since Mac OS X 10.7."""
import pathlib, struct, sys

def png(size):
    return (pathlib.Path(sys.argv[1]) / f"{size}.png").read_bytes()

sizes = [16, 24, 32, 48, 64, 256]
at = 6 + 16 * len(sizes)  # after the header and the directory
directory, images = b"", b""
for size in sizes:
    image = png(size)
    # Width and height are one byte each, where 0 means 256.
    directory += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), at + len(images))
    images += image
pathlib.Path("icon.ico").write_bytes(struct.pack("<HHH", 0, 1, len(sizes)) + directory + images)

# Type codes of Apple's PNG elements; ic11 to ic14 are the same pictures for doubled pixels.
elements = [("icp4", 16), ("icp5", 32), ("icp6", 64), ("ic07", 128), ("ic08", 256), ("ic09", 512), ("ic10", 1024),
            ("ic11", 32), ("ic12", 64), ("ic13", 256), ("ic14", 512)]
body = b"".join(code.encode() + struct.pack(">I", 8 + len(png(size))) + png(size) for code, size in elements)
pathlib.Path("icon.icns").write_bytes(b"icns" + struct.pack(">I", 8 + len(body)) + body)
PY
