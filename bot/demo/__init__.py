"""`sevbot demo`: a play on the stand-ins of bot.standin, the page that shows it, and what its hosts
say.

The bot in it is the one that `sevbot run` builds.
"""
