"""Understudy: learn a backend from its traffic, and play its part.

traffic -> inference -> features -> verify -> builders -> sessions -> cli
"""
