"""What Python's own parser makes of a letter in a file, as JSON on standard output.

Usage: python3 read_letter.py FILE
"""

import email
import email.policy
import json
import pathlib
import sys

from aiosmtpd_server import read

raw = pathlib.Path(sys.argv[1]).read_bytes()
message = email.message_from_bytes(raw, policy=email.policy.default)
addresses = {}
for name in ("From", "To", "Reply-To"):
    found = message[name].addresses if message[name] else ()
    addresses[name] = [[address.display_name, address.addr_spec] for address in found]
print(json.dumps({**read(raw), "addresses": addresses}))
