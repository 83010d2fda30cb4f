"""`python -m vocalverse` is `vocalverse`."""

from vocalverse.cli import main

main(prog_name="vocalverse")
