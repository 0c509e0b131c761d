#!/usr/bin/env python3
"""Keeps a calendar by the mails that one reader gets, as libical judges them.   (Debian: libical3)

usage: libical_replay.py ADDRESS MAIL…      (.eml, in the order in which they arrive)

Each mail's calendar part is parsed by libical, and libicalss says what it is to this reader, given the entry that his
calendar has under its UID: new, an update, another time, a cancellation, out of date. The calendar does what that
asks. Prints it at the end as one line of JSON: {"entries": {UID: {"status", "sequence", "start"}}, "done": [the class of
each message]}. What libical can make nothing of ends it with 1.
"""

import ctypes
import ctypes.util
import email
import email.policy
import json
import pathlib
import sys

address, *mails = sys.argv[1:]


def load(name):
    for candidate in (ctypes.util.find_library(name), f"lib{name}.so.3"):
        if candidate:
            try:
                return ctypes.CDLL(candidate)
            except OSError:
                pass
    sys.exit(f"lib{name} is missing. Get it with `apt-get install libical3`.")


ical, store = load("ical"), load("icalss")
POINTER, TEXT, NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int


def declare(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


parse = declare(ical, "icalparser_parse_string", POINTER, TEXT)
inner = declare(ical, "icalcomponent_get_inner", POINTER, POINTER)
get_uid = declare(ical, "icalcomponent_get_uid", TEXT, POINTER)
get_sequence = declare(ical, "icalcomponent_get_sequence", NUMBER, POINTER)
get_status = declare(ical, "icalcomponent_get_status", NUMBER, POINTER)
set_status = declare(ical, "icalcomponent_set_status", None, POINTER, NUMBER)
set_sequence = declare(ical, "icalcomponent_set_sequence", None, POINTER, NUMBER)
as_text = declare(ical, "icalcomponent_as_ical_string", TEXT, POINTER)
status_name = declare(ical, "icalproperty_status_to_string", TEXT, NUMBER)
status_number = declare(ical, "icalproperty_string_to_status", NUMBER, TEXT)
first = declare(ical, "icalcomponent_get_first_property", POINTER, POINTER, NUMBER)
value_text = declare(ical, "icalproperty_get_value_as_string", TEXT, POINTER)
kind_of = declare(ical, "icalproperty_string_to_kind", NUMBER, TEXT)
classify = declare(store, "icalclassify", NUMBER, POINTER, POINTER, TEXT)
class_name = declare(ical, "icalproperty_enum_to_string", TEXT, NUMBER)

entries, done = {}, []


def name_of(kind):
    return class_name(kind).decode().replace("-", "").upper()


for path in map(pathlib.Path, mails):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    if not parts:
        done.append("no calendar")
        continue
    calendar = parse(parts[0].get_payload(decode=True))
    event = inner(calendar)
    uid = get_uid(event).decode()
    what = name_of(classify(calendar, entries.get(uid), address.encode()))
    done.append(what)
    if what in ("REQUESTNEW", "REQUESTUPDATE", "REQUESTRESCHEDULE", "PUBLISHNEW", "PUBLISHUPDATE"):
        entries[uid] = calendar
    elif what == "CANCELEVENT":
        kept = inner(entries[uid])
        set_status(kept, status_number(b"CANCELLED"))
        set_sequence(kept, get_sequence(event))
    elif what not in ("OBSOLETE", "DUPLICATE"):
        sys.exit(f"{path}: libical says {what}")


def start(event):
    stamp = value_text(first(event, kind_of(b"DTSTART"))).decode()
    date, time = stamp.rstrip("Z").split("T")
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}Z"


print(json.dumps({
    "entries": {
        uid: {
            "status": (status_name(get_status(inner(calendar))) or b"").decode(),
            "sequence": get_sequence(inner(calendar)),
            "start": start(inner(calendar)),
        }
        for uid, calendar in entries.items()
    },
    "done": done,
}))  # fmt: skip
