"""The words that forms, CRMs and files use for channels. Requests and files share this table."""

import re
from collections.abc import Iterable

from dnc.entries.entry import BOTH_CHANNELS, Channel

_WORDS = {
    Channel.VOICE: "call calls phone phone_call phone_calls telephone calling",
    Channel.TEXT: "texts sms mms message messages text_message text_messages texting",
}
_CHANNELS = {
    **{word: frozenset({str(channel)}) for channel, words in _WORDS.items() for word in (str(channel), *words.split())},
    **dict.fromkeys(("both", "all", "any"), BOTH_CHANNELS),
}
_BETWEEN = re.compile(r"[;,|/+&]|\band\b")


def channels_named(written: Iterable[str]) -> frozenset[str] | None:
    """Return the channels that texts name, or None if any text is not understood. A text may name several (`a;b`)."""
    found: frozenset[str] = frozenset()
    for text in written:
        for part in _BETWEEN.split(text.casefold()):
            named = _CHANNELS.get(re.sub(r"[\W_]+", "_", part).strip("_"))
            if named is None:
                return None
            found |= named
    return found or None
