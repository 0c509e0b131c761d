#!/usr/bin/env python3
"""Judges calendar files and mails with programs that others wrote.

usage: ics_check.py FILE...        (.ics and .eml)

Each .ics is read by libical (through ctypes, with its iTIP restrictions), PyPI `icalendar` and PyPI `vobject`; each
.eml by Python's own e-mail package with its strict policy, and the calendar parts inside it like any other .ics. What
none of them notices is checked here byte by byte. Prints one line of JSON per calendar and mail that says what was
read, so that the caller can compare it with what was meant. Complaints go to standard error and end it with 1.
"""

import ctypes
import ctypes.util
import email
import email.errors
import email.policy
import email.utils
import json
import pathlib
import re
import sys
from email.header import decode_header, make_header

import icalendar
import vobject

complaints = []


def complain(name, text):
    complaints.append(f"{name}: {text}")


# libical --------------------------------------------------------------------------------------------------------------


def load_libical():
    for name in (ctypes.util.find_library("ical"), "libical.so.3"):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                pass
    sys.exit("libical is missing. Get it with `apt-get install libical3`.")


ical = load_libical()
ical.icalparser_parse_string.restype = ctypes.c_void_p
ical.icalparser_parse_string.argtypes = [ctypes.c_char_p]
ical.icalrestriction_check.restype = ctypes.c_int
ical.icalrestriction_check.argtypes = [ctypes.c_void_p]
ical.icalcomponent_count_errors.restype = ctypes.c_int
ical.icalcomponent_count_errors.argtypes = [ctypes.c_void_p]
ical.icalcomponent_as_ical_string.restype = ctypes.c_char_p
ical.icalcomponent_as_ical_string.argtypes = [ctypes.c_void_p]
ical.icalcomponent_get_method.restype = ctypes.c_int
ical.icalcomponent_get_method.argtypes = [ctypes.c_void_p]
ical.icalcomponent_free.argtypes = [ctypes.c_void_p]


def ask_libical(name, raw):
    component = ical.icalparser_parse_string(raw)
    if not component:
        complain(name, "libical cannot parse it")
        return
    try:
        # The restrictions are those of the METHOD (RFC 5546). Violations become X-LIC-ERROR properties.
        valid = ical.icalrestriction_check(component)
        errors = ical.icalcomponent_count_errors(component)
        if not valid or errors:
            text = ical.icalcomponent_as_ical_string(component).decode("utf-8", "replace")
            unfolded = text.replace("\r\n ", "").replace("\n ", "")
            found = [line for line in unfolded.splitlines() if "X-LIC-ERROR" in line]
            complain(name, f"libical refuses it (valid={valid}, errors={errors}): {found}")
    finally:
        ical.icalcomponent_free(component)


# The bytes ------------------------------------------------------------------------------------------------------------

PARTSTAT = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"}
ROLE = {"CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"}
NAME = re.compile(r"[A-Z][A-Z0-9-]*\Z")
INSTANT = re.compile(r"\d{8}T\d{6}Z\Z")
ESCAPES = re.compile(r"\\(.)", re.S)
TEXTS = {"SUMMARY", "DESCRIPTION", "LOCATION"}


def split_line(line):
    """Name, parameters and value of an unfolded line; quotes hide separators (RFC 5545, section 3.1)."""
    quoted = False
    parts, start = [], 0
    for place, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif not quoted and char in ";:":
            parts.append(line[start:place])
            start = place + 1
            if char == ":":
                break
    else:
        raise ValueError("no colon outside quotes")
    name, *parameters = parts
    pairs = [parameter.split("=", 1) for parameter in parameters]
    return name, {key: value for key, value in pairs}, line[start:]


def check_bytes(name, raw):
    if not raw.endswith(b"\r\n"):
        complain(name, "does not end in CRLF")
    if b"\r" in raw.replace(b"\r\n", b"") or b"\n" in raw.replace(b"\r\n", b""):
        complain(name, "a CR or LF stands alone")
    for number, line in enumerate(raw.split(b"\r\n"), 1):
        if len(line) > 75:
            complain(name, f"line {number} has {len(line)} octets")
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            complain(name, f"line {number} is folded inside a character")
    text = raw.replace(b"\r\n ", b"").decode("utf-8", "replace")
    for char in text.replace("\r\n", ""):
        if (ord(char) < 32 and char != "\t") or 127 <= ord(char) < 160 or char in "\u2028\u2029":
            complain(name, f"a bare control character {char!r}")
    zones, defined = set(), set()
    stack = []
    for line in text.split("\r\n"):
        if not line:
            continue
        try:
            prop, parameters, value = split_line(line)
        except ValueError as error:
            complain(name, f"{error}: {line!r}")
            continue
        if not NAME.match(prop):
            complain(name, f"a strange property {prop!r}")
        if prop == "BEGIN":
            stack.append(value)
        elif prop == "END" and (not stack or stack.pop() != value):
            complain(name, f"END:{value} without its BEGIN")
        elif prop == "TZID":
            defined.add(value)
        for key, given in parameters.items():
            inner = given[1:-1] if given.startswith('"') and given.endswith('"') and len(given) > 1 else given
            if '"' in inner or (inner == given and any(c in inner for c in ",;:")):
                complain(name, f"{prop} has a parameter that is not quoted well: {key}={given}")
            if key == "TZID":
                zones.add(inner)
        if prop in ("DTSTART", "DTEND", "DTSTAMP") and not INSTANT.match(value):
            complain(name, f"{prop} is not in UTC: {value}")
        if prop in ("ATTENDEE", "ORGANIZER"):
            if not re.match(r"mailto:[A-Za-z0-9.!$%'*+_~@-]+\Z", value) or value.count("@") != 1:
                complain(name, f"{prop} has no address: {value!r}")
            if not parameters.get("CN", "").strip('"'):
                complain(name, f"{prop} has no name")
        if prop == "ATTENDEE":
            if parameters.get("PARTSTAT") not in PARTSTAT:
                complain(name, f"unknown PARTSTAT: {line!r}")
            if parameters.get("ROLE") not in ROLE:
                complain(name, f"unknown ROLE: {line!r}")
            if parameters.get("RSVP") not in ("TRUE", "FALSE"):
                complain(name, f"unknown RSVP: {line!r}")
        if prop in TEXTS:
            bad = [escape for escape in ESCAPES.findall(value) if escape not in "\\;,nN"]
            bare = re.sub(r"\\.", "", value)
            if bad or ";" in bare or "," in bare or bare.endswith("\\"):
                complain(name, f"{prop} is not escaped well: {value!r}")
    if stack:
        complain(name, f"{stack} are not closed")
    if zones - defined:
        complain(name, f"zones without a VTIMEZONE: {zones - defined}")


# The other readers ----------------------------------------------------------------------------------------------------


def person(prop):
    return {
        "uri": str(prop),
        "cn": str(prop.params.get("CN")),
        **{key.lower(): str(prop.params[key]) for key in ("PARTSTAT", "ROLE", "RSVP") if key in prop.params},
    }


def read_icalendar(name, raw):
    calendars = icalendar.Calendar.from_ical(raw, multiple=True)
    if len(calendars) != 1:
        complain(name, f"{len(calendars)} calendars")
    calendar = calendars[0]
    for broken in (calendar, *calendar.walk("VEVENT")):
        if broken.errors:
            complain(name, f"icalendar: {broken.errors}")
    inside = [component.name for component in calendar.walk()]
    if inside != ["VCALENDAR", "VEVENT"]:
        complain(name, f"other components than one event: {inside}")
    event = calendar.walk("VEVENT")[0]
    attendees = event.get("ATTENDEE", [])
    if not isinstance(attendees, list):
        attendees = [attendees]
    return {
        "method": str(calendar.get("METHOD")),
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "start": event["DTSTART"].dt.isoformat(),
        "end": event["DTEND"].dt.isoformat(),
        "stamp": event["DTSTAMP"].dt.isoformat(),
        "status": str(event["STATUS"]) if "STATUS" in event else None,
        "summary": str(event["SUMMARY"]),
        "description": str(event["DESCRIPTION"]),
        "location": str(event["LOCATION"]),
        "organizer": person(event["ORGANIZER"]),
        "attendees": [person(attendee) for attendee in attendees],
    }


def check_calendar(name, raw):
    check_bytes(name, raw)
    ask_libical(name, raw)
    try:
        found = read_icalendar(name, raw)
    except Exception as error:  # Whatever a reader throws is a complaint about the file.
        complain(name, f"icalendar cannot read it: {error!r}")
        return None
    try:
        event = vobject.readOne(raw.decode("utf-8")).vevent
        if (event.uid.value, event.summary.value) != (found["uid"], found["summary"]):
            complain(name, f"vobject reads another title: {event.summary.value!r}")
        if event.dtstart.value.isoformat() != found["start"]:
            complain(name, f"vobject reads another start: {event.dtstart.value}")
    except Exception as error:
        complain(name, f"vobject cannot read it: {error!r}")
    return found


# Mails ----------------------------------------------------------------------------------------------------------------


def shape(part):
    if part.is_multipart():
        return [part.get_content_type(), *(shape(child) for child in part.iter_parts())]
    return part.get_content_type()


def addresses(header):
    # The newer parser keeps the space between two encoded words of a name, which RFC 2047, section 6.2 drops.
    pairs = email.utils.getaddresses([re.sub(r"\r?\n", "", header or "")])
    return [{"name": str(make_header(decode_header(name))), "address": address} for name, address in pairs if address]


def check_mail(name, raw):
    if b"\r" in raw.replace(b"\r\n", b"") or b"\n" in raw.replace(b"\r\n", b""):
        complain(name, "a CR or LF stands alone")
    head = raw.split(b"\r\n\r\n", 1)[0]
    for number, line in enumerate(raw.split(b"\r\n"), 1):
        if len(line) > 998:
            complain(name, f"line {number} has {len(line)} octets")
        if any(octet < 32 and octet != 9 for octet in line):
            complain(name, f"line {number} has a control character")
    for line in head.split(b"\r\n"):
        if len(line) > 78 and b" " in line.strip():
            complain(name, f"a header line of {len(line)} octets could be folded: {line[:60]!r}")
    if head.isascii():
        message = email.message_from_bytes(raw, policy=email.policy.default)
        harmless = ()
    else:
        # An address beyond ASCII (RFC 6532). Nothing else may need more than ASCII.
        for line in head.split(b"\r\n"):
            if not line.isascii() and not line.startswith((b"To:", b" <")):
                complain(name, f"a header beyond ASCII: {line!r}")
        message = email.message_from_string(raw.decode("utf-8"), policy=email.policy.SMTPUTF8)
        harmless = (email.errors.NonASCIILocalPartDefect,)
    for part in message.walk():
        if part.defects:
            complain(name, f"defects in {part.get_content_type()}: {part.defects}")
        for key, value in part.items():
            defects = [defect for defect in getattr(value, "defects", ()) if not isinstance(defect, harmless)]
            if defects:
                complain(name, f"defects in {key}: {defects}")
    for key in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        if len(message.get_all(key, [])) != 1:
            complain(name, f"{len(message.get_all(key, []))} {key} headers")
    if message["Bcc"] or message["Cc"]:
        complain(name, "a recipient too many")
    raw_headers = email.message_from_string(head.decode("utf-8", "replace"))
    found = {
        "mail": name,
        "headers": sorted(key for key, _ in message.items()),
        **{
            key: addresses(raw_headers[field])
            for key, field in (("from", "From"), ("to", "To"), ("reply_to", "Reply-To"))
        },
        "subject": str(message["Subject"]),
        "date": message["Date"].datetime.isoformat(),
        "message_id": str(message["Message-ID"]),
        "shape": shape(message),
        "calendars": [],
    }
    calendars = set()
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "text/plain":
            found["text"] = part.get_content()
        elif kind == "text/html":
            found["html"] = part.get_content()
        elif kind in ("text/calendar", "application/ics"):
            raw_calendar = part.get_payload(decode=True)
            calendars.add(raw_calendar)
            calendar = check_calendar(f"{name} ({kind})", raw_calendar)
            if kind == "text/calendar":
                method = part["Content-Type"].params.get("method")
                if calendar and method != calendar["method"]:
                    complain(name, f"the part says {method}, the calendar {calendar['method']}")
                if part["Content-Type"].params.get("charset", "").lower() != "utf-8":
                    complain(name, "the calendar part names no charset")
            else:
                found["filename"] = part.get_filename()
                found["disposition"] = part.get_content_disposition()
            found["calendars"].append(calendar)
    if len(calendars) > 1:
        complain(name, "the attachment is another calendar than the part")
    return found


for argument in sys.argv[1:]:
    path = pathlib.Path(argument)
    raw_file = path.read_bytes()
    if path.suffix == ".ics":
        print(json.dumps({"calendar": path.name, **(check_calendar(path.name, raw_file) or {})}))
    else:
        print(json.dumps(check_mail(path.name, raw_file)))

for complaint in complaints:
    print(complaint, file=sys.stderr)
sys.exit(1 if complaints or len(sys.argv) < 2 else 0)
