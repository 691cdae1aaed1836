"""The machine: memory, threads, processors, number formats, compiled loops."""
