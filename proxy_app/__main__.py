"""`python -m proxy_app`: the proxy alone, set by the environment and union-square.toml."""

import logging
import sys

from proxy_app.main import run
from union_square.settings import SettingsError, load_settings


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        run(load_settings())
    except SettingsError as error:
        print(f"union-square proxy: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
