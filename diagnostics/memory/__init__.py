"""What causes on memory share: what limited a request, how full nodes were, who holds them, where a
job would fit.
"""
