"""Bare samples become a file that any player takes, of the same length."""

import io
import wave
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.messages import MediaPart
from union_square.ui.present_messages import media_source
from union_square.ui.sounds import playable


@given(st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]), st.sampled_from([8_000, 16_000, 24_000]))
def test_samples_are_those_of_the_file_at_the_rate_that_was_said(samples: bytes, rate: int) -> None:
    kind, data = playable(f"audio/pcm;rate={rate}", b64encode(samples).decode())
    assert kind == "audio/wav"
    with wave.open(io.BytesIO(b64decode(data))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (rate, 2, 1)
        assert file.readframes(file.getnframes()) == samples


@pytest.mark.parametrize(
    ("mime_type", "data", "kind"),
    [
        ("audio/pcm16", "AAAA", "audio/wav"),
        ("audio/g711_ulaw", "AAAA", "audio/wav"),
        ("", b64encode(b"RIFF....WAVE").decode(), "audio/wav"),
        ("", b64encode(b"\xff\xfb\x90\x00").decode(), "audio/mpeg"),
        ("", b64encode(b"\xff\xff\xfe\xff").decode(), "audio/wav"),  # samples near silence, not a file
        ("audio/mpeg", "AAAA", "audio/mpeg"),
    ],
)
def test_what_a_sound_is_follows_from_its_type_or_else_from_its_begin(mime_type: str, data: str, kind: str) -> None:
    assert media_source(MediaPart(modality="audio", mime_type=mime_type, data=data)).startswith(f"data:{kind};base64,")


def test_what_is_no_sound_has_no_source() -> None:
    for data in ("<script>", 'AA"onerror="', ""):
        for mime_type in ("audio/pcm", "audio/wav", "", "text/html"):
            assert media_source(MediaPart(modality="audio", mime_type=mime_type, data=data)) == ""
