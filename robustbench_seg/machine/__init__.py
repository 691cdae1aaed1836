"""What the program runs on: memory, threads, processors, number formats, compiled loops."""
