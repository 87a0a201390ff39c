"""sevbot's Slack side: the bot, its command line and the demo. Imports `diagnostics`, never the
other way round.
"""

__version__ = "0.3.0"
