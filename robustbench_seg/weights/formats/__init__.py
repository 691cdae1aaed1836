"""The weights of other projects: whose they are, and how their tensors are called here."""
