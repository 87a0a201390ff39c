"""Stand-ins for what sevbot talks to, over real sockets: a Slack, and hosts behind real SSH servers
that replay bundles.

They know nothing of the bot (`tests/test_architecture.py`), so what holds against them holds by the
wire.
"""
