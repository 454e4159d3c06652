"""A mail server whose behaviour the recipient chooses; a peer for the mailer's integration tests.

Needs: aiosmtpd (PyPI), Python 3.11 or newer.
Usage: python3 aiosmtpd_server.py FOLDER [--port N] [--cert CERT.pem --key KEY.pem [--wrap]] [--login USER:PASSWORD]

Listens on 127.0.0.1 (a free port unless --port is given) and prints one line of JSON once it is ready:
    {"port": 40123}
By the recipient's local part (what follows a + is ignored):
    ok@       accepted; the letter is written to FOLDER/<count>.eml, its envelope and what Python's own parser
              makes of it to FOLDER/<count>.json (envelope from and to, headers, texts, attachments, defects)
    defer@    451 at RCPT              defer-data@   451 after the final dot
    refuse@   550 at RCPT              refuse-data@  554 after the final dot
    drop@     accepted and written, but the connection is cut before the answer to the final dot
    drop-early@  the connection is cut at RCPT
    slow@     accepted after two seconds
Any other recipient is accepted like ok@. With --cert, STARTTLS is offered and demanded (--wrap: TLS from the first
byte). With --login, a login is demanded, and only under TLS when --cert is given.
It stops when its standard input is closed or at SIGTERM.
"""

import argparse
import asyncio
import email
import email.policy
import hashlib
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Peer:
    """Judges recipients and keeps letters."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind = kind_of(address)
        if kind == "defer":
            return "451 4.2.0 Greylisted, try again later"
        if kind == "refuse":
            return "550 5.1.1 No such mailbox"
        if kind == "drop-early":
            server.transport.abort()
            return "421 never seen"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, server, session, envelope):
        kind = kind_of(envelope.rcpt_tos[0])
        if kind == "defer-data":
            return "451 4.3.0 Try again later"
        if kind == "refuse-data":
            return "554 5.6.0 Content not wanted"
        if kind == "slow":
            await asyncio.sleep(2)
        number = self.keep(envelope)
        if kind == "drop":
            server.transport.abort()
        return f"250 2.0.0 Taken as {number}"

    def keep(self, envelope):
        self.count += 1
        raw = envelope.original_content
        (self.folder / f"{self.count}.eml").write_bytes(raw)
        seen = {"from": envelope.mail_from, "to": envelope.rcpt_tos, **read(raw)}
        part = self.folder / f".{self.count}.part"
        part.write_text(json.dumps(seen, ensure_ascii=False, indent=1))
        part.rename(self.folder / f"{self.count}.json")
        return self.count


def kind_of(address):
    return address.split("@")[0].split("+")[0].lower()


def read(raw):
    """The letter as an independent parser sees it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    texts, files, defects = {}, [], []
    for part in message.walk():
        defects += [type(d).__name__ for d in part.defects]
        if part.is_multipart():
            continue
        if part.get_content_disposition() == "attachment":
            content = part.get_payload(decode=True)
            digest = hashlib.sha256(content).hexdigest()
            files.append({"name": part.get_filename(), "type": part.get_content_type(), "sha256": digest})
        else:
            texts[part.get_content_type()] = part.get_content()
    headers = [[name, str(value)] for name, value in message.items()]
    for name, value in message.items():
        defects += [f"{name}: {type(d).__name__}" for d in getattr(value, "defects", [])]
    return {"headers": headers, "texts": texts, "attachments": files, "defects": defects}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--wrap", action="store_true")
    parser.add_argument("--login")
    return parser.parse_args()


async def main():
    args = options()
    args.folder.mkdir(parents=True, exist_ok=True)
    tls = None
    if args.cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(args.cert, args.key)
    starttls = tls if tls and not args.wrap else None

    def judge_login(server, session, envelope, mechanism, data):
        given = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=given == args.login, handled=False)

    peer = Peer(args.folder)
    loop = asyncio.get_running_loop()

    def smtp():
        return SMTP(
            peer,
            hostname="peer.example",
            tls_context=starttls,
            require_starttls=bool(starttls),
            authenticator=judge_login if args.login else None,
            auth_required=bool(args.login),
            auth_require_tls=bool(starttls),
            loop=loop,
        )

    server = await loop.create_server(smtp, "127.0.0.1", args.port, ssl=tls if args.wrap else None)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
