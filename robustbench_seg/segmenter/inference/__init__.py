"""Runs a network on a normalised image: windows, and changes of the network."""
