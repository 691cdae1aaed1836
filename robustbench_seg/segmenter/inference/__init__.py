"""A network on a normalised image: windows, and what changes the network."""
