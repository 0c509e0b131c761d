#!/usr/bin/env python3
"""Keeps a calendar by the mails that one reader gets, as RFC 5546 asks of his calendar.   (pip install icalendar)

usage: itip_replay.py ADDRESS MAIL…      (.eml, in the order in which they arrive)

Reads each mail with Python's own e-mail package and its calendar part with PyPI `icalendar`. Prints the calendar at the
end as one line of JSON: {"entries": {UID: {"status", "sequence", "start", "end", "summary", "partstat"}},
"done": [what was done with each mail]}.

- A message is older than the entry if its SEQUENCE is smaller, or equal with an earlier DTSTAMP (section 2.1.5): it is
  left alone. The same message again changes nothing.
- REQUEST adds or updates the entry (section 3.2.2), if the reader is among its attendees or organises it.
- CANCEL with STATUS:CANCELLED cancels the entry; one without a STATUS cancels it for the attendees that it names and
  leaves it to the others (section 3.2.5). One about an entry that is not there is left alone, and remembered: an older
  REQUEST that arrives later adds nothing.
"""

import email
import email.policy
import json
import pathlib
import sys

import icalendar

address, *mails = sys.argv[1:]
reader = f"mailto:{address}".lower()
entries = {}
newest = {}
done = []


def people(event, field):
    found = event.get(field, [])
    return found if isinstance(found, list) else [found]


def apply(method, event):
    uid = str(event["UID"])
    version = (int(event.get("SEQUENCE", 0)), event["DTSTAMP"].dt)
    if uid in newest and version < newest[uid]:
        return "older"
    if newest.get(uid) == version and method == entries.get(uid, {}).get("method"):
        return "known"
    attendees = {str(person).lower(): person for person in people(event, "ATTENDEE")}
    organisers = [str(person).lower() for person in people(event, "ORGANIZER")]
    if method == "REQUEST":
        if reader not in attendees and reader not in organisers:
            return "not for the reader"
        newest[uid] = version
        entries[uid] = {
            "method": method,
            "status": str(event.get("STATUS")),
            "sequence": version[0],
            "start": event["DTSTART"].dt.isoformat(),
            "end": event["DTEND"].dt.isoformat(),
            "summary": str(event["SUMMARY"]),
            "partstat": str(attendees[reader].params["PARTSTAT"]) if reader in attendees else None,
        }
        return "added"
    if method == "CANCEL":
        whole = str(event.get("STATUS")) == "CANCELLED"
        if not whole and reader not in attendees:
            return "for others"
        newest[uid] = version
        if uid not in entries:
            return "nothing to cancel"
        entries[uid].update(method=method, status="CANCELLED", sequence=version[0])
        return "cancelled"
    return f"{method} is not understood"


for path in map(pathlib.Path, mails):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    if not parts:
        done.append("no calendar")
        continue
    calendar = icalendar.Calendar.from_ical(parts[0].get_payload(decode=True))
    for event in calendar.walk("VEVENT"):
        done.append(apply(str(calendar["METHOD"]), event))

for entry in entries.values():
    del entry["method"]
print(json.dumps({"entries": entries, "done": done}))
