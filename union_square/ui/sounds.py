"""Recorded sounds in a form that a browser plays. PURE.

Realtime and streamed answers bring bare samples: these get the head of a WAV file. What the recording does not say is
taken as OpenAI has it: 16 bits a sample, one channel, 24,000 samples a second.
https://platform.openai.com/docs/guides/realtime-conversations
"""

import re
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

_PCM, _ALAW, _MULAW = 1, 6, 7  # of a WAV file's format chunk
_SAMPLES = {
    **dict.fromkeys(("audio/pcm", "audio/pcm16", "audio/l16", "audio/x-pcm", "audio/s16le"), (_PCM, 2, 24_000)),
    **dict.fromkeys(("audio/g711_ulaw", "audio/pcmu", "audio/basic", "audio/x-mulaw"), (_MULAW, 1, 8_000)),
    **dict.fromkeys(("audio/g711_alaw", "audio/pcma", "audio/x-alaw"), (_ALAW, 1, 8_000)),
}
_HEADS = (
    ("UklGR", "audio/wav"),
    ("SUQz", "audio/mpeg"),
    *((f"//{byte}", "audio/mpeg") for byte in "stuvopqrMNOPIJKL"),  # FF FB, FF FA, FF F3, FF F2; FF FF is silence
    ("T2dn", "audio/ogg"),
    ("Zkxh", "audio/flac"),
)
"""How the base64 of a file of each kind begins."""

_RATE = re.compile(r"rate=(\d{4,6})\b")


def playable(mime_type: str, data: str) -> tuple[str, str]:
    """The kind and the base64 of a sound as a browser takes it; kind "" where the bytes are no base64."""
    name, _, parameters = mime_type.lower().partition(";")
    name = name.strip()
    if not name or name == "audio/":
        name = next((kind for head, kind in _HEADS if data.startswith(head)), "audio/pcm16")
    form = _SAMPLES.get(name)
    if form is None:
        return name, data
    kind, width, usual = form
    found = _RATE.search(parameters)
    try:
        samples = b64decode(data, validate=True)
    except (Base64Error, ValueError):
        return "", ""
    return "audio/wav", b64encode(wav_of(samples, kind, width, int(found[1]) if found else usual)).decode()


def wav_of(samples: bytes, kind: int, width: int, rate: int) -> bytes:
    """The samples of one channel as a WAV file; `width`: bytes a sample, `rate`: samples a second."""
    form = struct.pack("<HHIIHH", kind, 1, rate, rate * width, width, 8 * width)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks
