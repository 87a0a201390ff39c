"""What causes on the ends of services share."""
