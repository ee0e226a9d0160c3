#!/usr/bin/env python3
"""Makes oui.txt.gz, the vendor table: which organisation was given which block of MAC addresses.

    npm pack oui-data && tar xzf oui-data-*.tgz        # a daily copy of the IEEE's public listings, as JSON
    ./make_oui.py package/index.json 2026-08-26

    ./make_oui.py /usr/share/ieee-data 2022-08-27      # or the listings themselves: oui.csv, mam.csv, oui36.csv

The result is gzip of UTF-8 text. First line `# IEEE MA-L/MA-M/MA-S, as of <date>, <n> entries`, then one line a block,
sorted: prefix in upper-case hex (6, 7 or 9 digits for 24, 28 or 36 bits), a tab, the organisation. The longest prefix
that fits an address wins: a 24-bit block of `IEEE Registration Authority` is one that was split into the smaller ones.
Same input, same bytes.
"""

import csv
import gzip
import json
import pathlib
import sys

LENGTHS = {6, 7, 9}  # hex digits of MA-L, MA-M, MA-S
HERE = pathlib.Path(__file__).parent


def blocks(source: pathlib.Path):
    """(prefix, organisation) of every assignment, as the source spells them."""
    if source.is_dir():
        for name in ("oui.csv", "mam.csv", "oui36.csv"):
            with open(source / name, encoding="utf-8", newline="") as listing:
                for row in csv.DictReader(listing):
                    yield row["Assignment"], row["Organization Name"]
    else:
        for prefix, owner in json.loads(source.read_text(encoding="utf-8")).items():
            yield prefix, owner.split("\n", 1)[0]  # the address lines are not ours to carry


def main(source: str, as_of: str) -> None:
    table: dict[str, str] = {}
    for prefix, organisation in blocks(pathlib.Path(source)):
        prefix = prefix.strip().upper()
        organisation = " ".join(organisation.split())  # tabs and doubled spaces would break the line format
        if len(prefix) not in LENGTHS or not organisation:
            sys.exit(f"{prefix!r} {organisation!r} is not an assignment")
        int(prefix, 16)
        # A few old blocks were given twice; the listing's first line stands, so that the result is stable.
        table.setdefault(prefix, organisation)
    lines = [f"# IEEE MA-L/MA-M/MA-S, as of {as_of}, {len(table)} entries"]
    lines += [f"{prefix}\t{organisation}" for prefix, organisation in sorted(table.items())]
    packed = gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0)
    (HERE / "oui.txt.gz").write_bytes(packed)
    print(lines[0].lstrip("# "), f"{len(packed)} bytes", sep="; ")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
