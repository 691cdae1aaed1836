"""Typed records that several rooms share: frozen, checked when read, free of behaviour."""
