"""What an endpoint computes: portable model, operators, local binary patterns, capture format.

Imports numpy and the standard library only, so that a server needs nothing else.
"""
