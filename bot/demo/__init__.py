"""`sevbot demo`: a local stand-in for Slack, replayed hosts behind real SSH servers, and the bot as `sevbot run` builds it."""
