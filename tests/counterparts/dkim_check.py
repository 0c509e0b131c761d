#!/usr/bin/env python3
"""Verifies DKIM signatures with an independent program.   (pip install dkimpy PyNaCl)

usage: dkim_check.py RECORDS MAIL…

RECORDS is a JSON object of DNS names and their TXT records: nothing is asked over the network. Prints one line of JSON
for each mail: what the verifier says about its first signature, its algorithm and the headers it covers.
"""

import json
import pathlib
import sys

import dkim

records = json.loads(pathlib.Path(sys.argv[1]).read_text())


def txt(name, timeout=5):
    return records.get(name.decode().rstrip("."), "").encode() or None


for path in map(pathlib.Path, sys.argv[2:]):
    verifier = dkim.DKIM(path.read_bytes())
    try:
        verdict = verifier.verify(dnsfunc=txt)
        complaint = None
    except dkim.DKIMException as error:
        verdict, complaint = False, str(error)
    fields = {name.decode(): value.decode() for name, value in verifier.signature_fields.items()}
    print(
        json.dumps(
            {
                "mail": path.name,
                "good": verdict,
                "complaint": complaint,
                "algorithm": fields.get("a"),
                "form": fields.get("c"),
                "domain": fields.get("d"),
                "selector": fields.get("s"),
                "covers": sorted({name.strip().lower() for name in fields.get("h", "").split(":")}),
            }
        )
    )
