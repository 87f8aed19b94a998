"""`python -m bench <what> …`: measurements, each a module with `main(argv)` that returns an exit code."""

import sys

from bench import live, proxy

COMMANDS = {"live": live.main, "proxy": proxy.main}


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(f"usage: python -m bench {{{','.join(COMMANDS)}}} …", file=sys.stderr)
        return 2
    return COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
