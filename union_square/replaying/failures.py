"""What may go wrong with replaying because of what a person asked for.

ReplayFailure
├── FaultError             a text names no fault or timing      (replaying.faults)
├── RecordingFileError     a file is not a recording            (replaying.recording_file)
└── NoRecording            nothing is recorded under that name  (replaying.loading)
"""


class ReplayFailure(Exception):
    """The message says what was wrong and what to do; it is meant for the user as it is."""
