"""Slack: its events and ids, its blocks, and one message in a SEV's thread whatever Slack answers.

What is said and when is bot.sevs' and bot.commands' to know, by the words of bot.chat.
"""
