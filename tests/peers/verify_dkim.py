"""Whether the DKIM signature of a message in a file is right, by dkimpy: prints "right" or "wrong".

Needs: dkimpy and pynacl (PyPI).
Usage: python3 verify_dkim.py FILE NAME RECORD    where RECORD is what the DNS says at NAME
"""

import pathlib
import sys

import dkim

message = pathlib.Path(sys.argv[1]).read_bytes()
name, record = sys.argv[2], sys.argv[3]


def dns(asked, timeout=5):
    asked = asked.decode() if isinstance(asked, bytes) else asked
    return record.encode() if asked.rstrip(".") == name else None


try:
    right = dkim.verify(message, dnsfunc=dns)
except dkim.DKIMException:
    right = False
print("right" if right else "wrong")
