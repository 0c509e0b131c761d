#!/usr/bin/env python3
"""A real SMTP server on loopback that keeps what it gets, for the tests.   (pip install aiosmtpd)

usage: smtp_sink.py FOLDER CERT KEY

Opens these on ports of the system's choice and prints them as one line of JSON when all of them listen:

  plain        no TLS, no sign-in
  plain_auth   no TLS, sign-in offered
  auth_plain, auth_login, auth_cram_md5   no TLS, sign-in required, by this mechanism alone
  starttls     STARTTLS required before anything else, then sign-in
  starttls_offered  STARTTLS offered, nothing required
  tls          implicit TLS, sign-in required
  ascii        no TLS, without SMTPUTF8
  no_quit      answers everything but QUIT

The user is `user`, the password `pass word £`. Recipients named reject… answer 550, relay… 550 5.7.1 and defer… 451; a
sender named unwanted… answers 530.

And these, which speak SMTP up to a stage and then do one thing instead of answering:

  hang_STAGE   never say another word
  close_STAGE  close the connection
  reset_STAGE  close it the hard way, with RST
  CODE_STAGE   answer with 421, 451, 452, 550 or 554, and go on
  babble_STAGE answer with something that is no SMTP

The stages: banner, ehlo, starttls (which only some wait for: these offer it), mail, rcpt, data, body (the first 1000
bytes of the message have come), dot (the whole message has come, and is kept).

Each mail becomes FOLDER/NNNN.eml and NNNN.json (envelope, tls, sign-in). Ends when its standard input does, so that it
never outlives the test.
"""

import asyncio
import base64
import hmac
import json
import logging
import pathlib
import socket
import ssl
import struct
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

warnings.simplefilter("ignore")
folder, cert, key = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
folder.mkdir(parents=True, exist_ok=True)
PASSWORD = "pass word £".encode()
STAGES = ["banner", "ehlo", "starttls", "mail", "rcpt", "data", "body", "dot"]
CODES = ["421", "451", "452", "550", "554"]


def keep(content, about):
    keep.count += 1
    (folder / f"{keep.count:04d}.json").write_text(json.dumps(about))
    (folder / f"{keep.count:04d}.eml").write_bytes(content)


keep.count = 0


class Keep:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("unwanted"):
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("reject"):
            return f"550 5.1.1 <{address}> no such user"
        if address.startswith("relay"):
            return f"550 5.7.1 <{address}> relaying denied"
        if address.startswith("defer"):
            return "451 4.3.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        about = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "options": envelope.mail_options,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "auth": session.auth_data if session.authenticated else None,
        }
        keep(envelope.original_content, about)
        return "250 2.0.0 queued"

    # aiosmtpd knows PLAIN and LOGIN by itself.
    async def auth_CRAM__MD5(self, server, args):
        challenge = b"<1896.697170952@sink.example>"
        answer = await server.challenge_auth(challenge)
        login, _, digest = answer.rpartition(b" ")
        wanted = hmac.new(PASSWORD, challenge, "md5").hexdigest().encode()
        success = login == b"user" and hmac.compare_digest(digest, wanted)
        return AuthResult(success=success, handled=False, auth_data="CRAM-MD5")


class NoQuit(SMTP):
    async def smtp_QUIT(self, arg):
        await asyncio.sleep(3600)


def sign_in(server, session, envelope, mechanism, data):
    assert isinstance(data, LoginPassword)
    success = data.login == b"user" and data.password == PASSWORD
    # `handled` would mean that the answer, 535, had been sent.
    return AuthResult(success=success, handled=False, auth_data=mechanism)


def scripted(deed, at):
    """A server that goes along up to a stage, and there does something else."""

    async def serve(reader, writer):
        try:
            await converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def say(writer, stage, line):
        if stage != at:
            writer.write(line)
        elif deed == "hang":
            await asyncio.sleep(3600)
        elif deed == "close":
            raise ConnectionAbortedError
        elif deed == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise ConnectionAbortedError
        elif deed == "babble":
            writer.write(b"\x15\x03\x01 this is no SMTP\r\n")
        else:
            writer.write(f"{deed} {deed[0]}.0.0 not like this\r\n".encode())
        await writer.drain()

    async def converse(reader, writer):
        await say(writer, "banner", b"220 sink.example ESMTP\r\n")
        about = {"from": None, "to": [], "options": [], "tls": False, "auth": None}
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                offer = b"250-STARTTLS\r\n" if at == "starttls" else b""
                await say(writer, "ehlo", b"250-sink.example\r\n" + offer + b"250 8BITMIME\r\n")
            elif verb == b"STAR":
                await say(writer, "starttls", b"220 go on\r\n")
            elif verb == b"MAIL":
                about["from"] = line.decode().split("<")[1].split(">")[0]
                await say(writer, "mail", b"250 OK\r\n")
            elif verb == b"RCPT":
                about["to"].append(line.decode().split("<")[1].split(">")[0])
                await say(writer, "rcpt", b"250 OK\r\n")
            elif verb == b"DATA":
                await say(writer, "data", b"354 go on\r\n")
                content = b""
                if at == "body":
                    await reader.readexactly(1000)
                    await say(writer, "body", b"")
                while (line := await reader.readline()) not in (b".\r\n", b""):
                    content += line[1:] if line.startswith(b".") else line
                if line and at == "dot":
                    keep(content, about)
                await say(writer, "dot", b"250 OK\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"502 unknown\r\n")

    return serve


async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    loop = asyncio.get_running_loop()

    def smtp(kind=SMTP, **options):
        return lambda: kind(Keep(), **{"enable_SMTPUTF8": True, **options})

    signed = {"authenticator": sign_in, "auth_required": True}
    clear = {**signed, "auth_require_tls": False}

    def only(mechanism):
        others = [name for name in ["PLAIN", "LOGIN", "CRAM-MD5"] if name != mechanism]
        return smtp(**clear, auth_exclude_mechanism=others)

    doors = {
        "plain": (smtp(), {}),
        "plain_auth": (smtp(**clear), {}),
        "auth_plain": (only("PLAIN"), {}),
        "auth_login": (only("LOGIN"), {}),
        "auth_cram_md5": (only("CRAM-MD5"), {}),
        "starttls": (smtp(tls_context=tls, require_starttls=True, **signed), {}),
        "starttls_offered": (smtp(tls_context=tls), {}),
        "tls": (smtp(**clear), {"ssl": tls}),
        "ascii": (smtp(enable_SMTPUTF8=False), {}),
        "no_quit": (smtp(NoQuit), {}),
    }
    servers = {
        name: await loop.create_server(make, "127.0.0.1", 0, **options)
        for name, (make, options) in doors.items()
    }
    for deed in ["hang", "close", "reset", "babble", *CODES]:
        for stage in STAGES:
            servers[f"{deed}_{stage}"] = await asyncio.start_server(scripted(deed, stage), "127.0.0.1", 0)
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# Failed handshakes are what some tests are about.
logging.disable(logging.CRITICAL)
asyncio.run(main())
