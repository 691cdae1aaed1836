"""The predictions of a run: computed, adapted, or read from files and checked."""
