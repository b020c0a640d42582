"""Why something was turned away, in words: for each slug of our own what it means, and what to do.

The screen, the command line and the API all show these sentences; a test compares them with the slugs that
the doors use.
"""

from __future__ import annotations

from collections.abc import Iterable

WORDS = {
    "bad-buckets": "A histogram's counts do not fit its bounds: look for a fault of the exporter.",
    "bad-json": "The line is not a JSON object: send one a line, or plain text as such.",
    "bad-labels": "Labels or their quotes cannot be read, or one comes twice: correct them.",
    "bad-name": "The metric has no name, or one with characters that names do not have: rename it.",
    "bad-number": "The value is not a number: send digits, such as 12.5.",
    "bad-parameter": "A parameter of the request is missing or wrong: the detail names it.",
    "bad-symbols": "It points to names that it does not hold: the sender's remote write is broken.",
    "bad-tags": "Tags are not written as name=value: correct the sender's tags.",
    "bad-time": "The time is not a number: send epoch seconds, or -1 for now.",
    "bad-value": "The value is not a number: send digits, such as 12.5.",
    "control-character": "A character cannot be printed: often it is another protocol's port.",
    "cut": "What came ends in the middle: the sender broke off, or was stopped.",
    "delta": "The exporter sends changes instead of sums: set its temporality to cumulative.",
    "encrypted": "The collectd packet is encrypted: set SecurityLevel to None or Sign.",
    "failed": "It failed for another reason, which the detail tells; of a target: it could not be scraped.",
    "forbidden": "The token or user lacks the right: give it the scope that the detail names.",
    "forged": "A browser's request came from another site or without its proof: reload the page.",
    "hung-up": "The sender closed the connection too early: look for a timeout on its side.",
    "idle": "A silent connection was closed: nothing is lost, the sender may come again.",
    "line-too-long": "The line is too long: shorten labels, or end lines with a newline.",
    "login": "A sign-in failed: wrong name or password, or the provider refused.",
    "name-too-long": "The name with its labels is too long: shorten the labels.",
    "no-metric": "There is no metric=NAME among the tags: add it.",
    "no-plugin-or-type": "The collectd value says no plugin or no type: look at the plugin that sends it.",
    "no-text": "The log record has no body: send one with text.",
    "no-value": "The point carries no number: look at what the exporter makes.",
    "not-a-sample": "The line is not NAME{labels} VALUE: see that the page shows Prometheus text.",
    "not-a-value-list": "The element is not one of collectd's value lists: set Format to JSON in write_http.",
    "not-allowed": "The sender's address is in no allowed network: add it to the port's ..._allow setting.",
    "not-finite": "The value is infinite or no number: leave such points out at the sender.",
    "not-path-time-value": "The pickled element is not (path, (time, value)): see the relay's protocol.",
    "not-stored": "The store could not take it: see the problems of the server and the disk's free space.",
    "not-tags-value-time": "The line is not TAGS  VALUE TIME, with two spaces: see Carbon 2.0.",
    "not-three-cells": "The line is not PATH VALUE TIME: send three words, no spaces in the path.",
    "not-utf-8": "The text is not UTF-8: set the encoding, or see whether TLS meets a plain port.",
    "other-host": "The token may not send for this host: widen the token's hosts, or use another token.",
    "queue-full": "The server cannot store as fast as data comes: send less, or look at its disk.",
    "refused": "What came contradicts itself, or what is stored: the detail says how.",
    "time-in-future": "The time is more than a day ahead: see the sender's clock and unit of time.",
    "time-out-of-range": "The time is none that can be stored: see the sender's clock and its unit of time.",
    "time-too-old": "The time is before 2000: see the sender's clock, and its unit of time.",
    "too-large": "The body is larger than allowed: send smaller ones, or raise max_body or max_text.",
    "too-many": "The sender comes too often: send larger batches, or raise ingest_rate.",
    "too-many-connections": "The port has all the connections it may: raise ..._connections.",
    "too-many-series": "The sender made more series, JVMs or classes than one may: see what has many values.",
    "too-slow": "The body made no progress: the network stalls, or raise body_idle.",
    "truncated": "A histogram ends before its total: the command was cut off; send it again.",
    "unauthenticated": "No token, or none that is known here: see the sender's token, and when it ends.",
    "unavailable": "The server could not take it then, and said so: the sender should come again.",
    "unreadable": "It is not in the format of this door: see the address and the content type.",
    "unsupported": "Its headers announce a form that is not read here: see its Content-Type.",
}


def told(reasons: Iterable[str]) -> dict[str, str]:
    """The sentences of these slugs."""
    return {reason: WORDS[reason] for reason in sorted(set(reasons)) if reason in WORDS}
