"""The classes of a dataset, their colours, and the meaning of its label ids."""
