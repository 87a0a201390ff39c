"""`python -m bot` is `sevbot`."""

from bot.cli import main

main()
