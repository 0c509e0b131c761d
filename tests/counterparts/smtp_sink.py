#!/usr/bin/env python3
"""A real SMTP server on loopback that keeps what it gets, for the tests.   (pip install aiosmtpd)

usage: smtp_sink.py FOLDER CERT KEY

Opens these on ports of the system's choice and prints them as one line of JSON when all of them listen:

  plain        no TLS, no sign-in
  plain_auth   no TLS, sign-in offered
  starttls     STARTTLS required before anything else, then sign-in
  starttls_offered  STARTTLS offered, nothing required
  tls          implicit TLS, sign-in required
  ascii        no TLS, without SMTPUTF8
  hang         accepts connections and never says a word
  drop         greets, and hangs up on the first command
  drop_data    takes the message and hangs up instead of answering
  busy         greets with 421
  no_quit      answers everything but QUIT

The user is `user`, the password `pass word £`. Recipients named reject… answer 550 and defer… 451; a sender named
unwanted… answers 530. Each mail becomes FOLDER/NNNN.eml and NNNN.json (envelope, tls, sign-in). Ends when its standard
input does, so that it never outlives the test.
"""

import asyncio
import json
import logging
import pathlib
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

warnings.simplefilter("ignore")
folder, cert, key = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
folder.mkdir(parents=True, exist_ok=True)
PASSWORD = "pass word £".encode()


class Keep:
    count = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("unwanted"):
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("reject"):
            return f"550 5.1.1 <{address}> no such user"
        if address.startswith("defer"):
            return "451 4.3.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        Keep.count += 1
        (folder / f"{Keep.count:04d}.eml").write_bytes(envelope.original_content)
        about = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "options": envelope.mail_options,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "auth": bool(session.authenticated),
        }
        (folder / f"{Keep.count:04d}.json").write_text(json.dumps(about))
        return "250 2.0.0 queued"


class NoQuit(SMTP):
    async def smtp_QUIT(self, arg):
        await asyncio.sleep(3600)


def sign_in(server, session, envelope, mechanism, data):
    # `handled` would mean that the answer, 535, had been sent.
    return AuthResult(success=data.login == b"user" and data.password == PASSWORD, handled=False)


async def hang(reader, writer):
    await asyncio.sleep(3600)


async def drop(reader, writer):
    writer.write(b"220 drop ESMTP\r\n")
    await writer.drain()
    await reader.readline()
    writer.close()


async def drop_data(reader, writer):
    writer.write(b"220 drop_data ESMTP\r\n")
    while line := await reader.readline():
        if line.upper().startswith(b"DATA"):
            writer.write(b"354 go on\r\n")
            while (await reader.readline()) not in (b".\r\n", b""):
                pass
            break
        writer.write(b"250 OK\r\n")
        await writer.drain()
    writer.close()


async def busy(reader, writer):
    writer.write(b"421 4.3.2 too many connections\r\n")
    await writer.drain()
    writer.close()


async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    loop = asyncio.get_running_loop()

    def smtp(kind=SMTP, **options):
        return lambda: kind(Keep(), **{"enable_SMTPUTF8": True, **options})

    signed = {"authenticator": sign_in, "auth_required": True}
    servers = {
        "plain": await loop.create_server(smtp(), "127.0.0.1", 0),
        "plain_auth": await loop.create_server(smtp(**signed, auth_require_tls=False), "127.0.0.1", 0),
        "starttls": await loop.create_server(smtp(tls_context=tls, require_starttls=True, **signed), "127.0.0.1", 0),
        "starttls_offered": await loop.create_server(smtp(tls_context=tls), "127.0.0.1", 0),
        "tls": await loop.create_server(smtp(**signed, auth_require_tls=False), "127.0.0.1", 0, ssl=tls),
        "ascii": await loop.create_server(smtp(enable_SMTPUTF8=False), "127.0.0.1", 0),
        "no_quit": await loop.create_server(smtp(NoQuit), "127.0.0.1", 0),
        "hang": await asyncio.start_server(hang, "127.0.0.1", 0),
        "drop": await asyncio.start_server(drop, "127.0.0.1", 0),
        "drop_data": await asyncio.start_server(drop_data, "127.0.0.1", 0),
        "busy": await asyncio.start_server(busy, "127.0.0.1", 0),
    }
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# Failed handshakes are what some tests are about.
logging.disable(logging.CRITICAL)
asyncio.run(main())
