"""How soon the UI's pages show their content in a browser, over a store with much in it. `python -m bench pages`."""
